"""The addresses of the teacher's pages."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.teacher import comments, grid, new_student, observe, rate, student, today
from headway.pages.teacher.scope import commented_class, seen_student, taught_class

TEACHERS = only(Role.TEACHER)
ADULTS = only(Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
BOTH = frozenset({"GET", "HEAD", "POST"})
POST = frozenset({"POST"})

doors = [
    Door(
        "teacher/today",
        today.today,
        "teacher.today",
        TEACHERS,
        "Teachers see who in their own classes needs them.",
    ),
    Door(
        "teacher/observe",
        observe.observe,
        "teacher.observe",
        TEACHERS,
        "Teachers note what they see in their own classes.",
        methods=POST,
    ),
    Door(
        "teacher/classes",
        grid.first,
        "teacher.classes",
        ADULTS,
        "Adults of the school open the classes in their scope.",
    ),
    Door(
        "teacher/classes/<str:class_id>/grid",
        grid.grid,
        "teacher.grid",
        ADULTS,
        "A class is open to its teachers, its school’s leaders and the district.",
        scope=taught_class,
    ),
    Door(
        "teacher/classes/<str:class_id>/new-student",
        new_student.new_student,
        "teacher.new_student",
        ADULTS,
        "Who may open a class may add a student who arrived early.",
        scope=taught_class,
        methods=BOTH,
    ),
    Door(
        "teacher/rate",
        rate.rate,
        "teacher.rate",
        ADULTS,
        "Adults of the school rate the students in their scope.",
        methods=BOTH,
    ),
    Door(
        "teacher/rate/undo",
        rate.undo,
        "teacher.rate_undo",
        ADULTS,
        "Whoever saved a rating may take it back at once.",
        methods=POST,
    ),
    Door(
        "teacher/students/<str:student_id>",
        student.student,
        "teacher.student",
        ADULTS,
        "A student is open to the adults whose scope holds them today.",
        scope=seen_student,
    ),
    Door(
        "teacher/students/<str:student_id>/decide/<int:target>",
        student.decide,
        "teacher.decide",
        ADULTS,
        "Adults of the school decide levels of students in their scope.",
        scope=seen_student,
        methods=BOTH,
    ),
    Door(
        "teacher/students/<str:student_id>/correct",
        student.correct,
        "teacher.correct",
        ADULTS,
        "Adults of the school correct ratings of students in their scope.",
        scope=seen_student,
        methods=POST,
    ),
    Door(
        "teacher/acts/<int:act>/undo",
        student.undo,
        "teacher.undo",
        ADULTS,
        "Whoever may correct ratings may take the correction back.",
        methods=POST,
    ),
    Door(
        "teacher/report-cards",
        comments.report_cards,
        "teacher.report_cards",
        ADULTS,
        "Adults of the school find the report cards to write for.",
    ),
    Door(
        "teacher/classes/<str:class_id>/comments/<int:run>",
        comments.comments,
        "teacher.comments",
        ADULTS,
        "Who may open a class writes comments on its students.",
        scope=commented_class,
        methods=BOTH,
    ),
    Door(
        "teacher/students/<str:student_id>/cards/<int:run>",
        comments.card,
        "teacher.card",
        ADULTS,
        "A report card is open to the adults whose scope holds the student today.",
        scope=seen_student,
    ),
]
