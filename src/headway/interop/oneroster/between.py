"""What one file says of another: references, doubles, spans of time, roles that no roster gives."""

# ruff: noqa: S608 (tables and columns are named by this code, never by a file)

from __future__ import annotations

from headway.interop.oneroster.files import ADMINISTERS, GIVES
from headway.interop.oneroster.notes import LIMIT, Notes
from headway.interop.oneroster.staging import IDENTIFIED, StagedFile
from headway.kit.refusals import Sentence

_CHILD_LINES = {
    ("orgs", "parent", "orgs", "parentSourcedId"),
    ("terms", "parent", "terms", "parentSourcedId"),
    ("courses", "org", "orgs", "orgSourcedId"),
    ("classes", "school", "orgs", "schoolSourcedId"),
    ("classes", "course", "courses", "courseSourcedId"),
    ("enrollments", "person", "persons", "userSourcedId"),
    ("enrollments", "school_class", "classes", "classSourcedId"),
    ("demographics", "sourced_id", "persons", "sourcedId"),
    ("grants", "person", "persons", "userSourcedId"),
    ("grants", "org", "orgs", "orgSourcedIds"),
    ("links", "agent", "persons", "agentSourcedIds"),
    ("class_terms", "term", "terms", "termSourcedIds"),
    ("places", "school", "orgs", "schoolSourcedId"),
}
_HOLDS_DELETED = frozenset({"links", "class_terms", "places"})
_FILE_OF = {"links": "persons", "class_terms": "classes", "places": "enrollments"}


def check(staged: StagedFile, notes: Notes) -> None:
    """Check everything that takes more than one row or file to see."""
    for kind in IDENTIFIED:
        _doubles(staged, kind, notes)
        _rounded(staged, kind, notes)
    _across(staged, notes)
    _references(staged, notes)
    _sessions(staged, notes)
    _enrollments(staged, notes)
    _people(staged, notes)
    _cycles(staged, "orgs", notes)
    _cycles(staged, "terms", notes)


def _file(staged: StagedFile, table: str) -> str:
    return staged.files.get(_FILE_OF.get(table, table), table)


def _doubles(staged: StagedFile, kind: str, notes: Notes) -> None:
    query = f"""SELECT b.sourced_id, b.line,
        (SELECT min(a.line) FROM {kind} a WHERE a.sourced_id = b.sourced_id) FROM {kind} b
        WHERE b.sourced_id IN (SELECT sourced_id FROM {kind} GROUP BY sourced_id HAVING count(*) > 1)
        ORDER BY b.line LIMIT {LIMIT * 2}"""
    for sourced_id, line, first in staged.sql.execute(query):
        if line != first:
            notes.fault(
                "duplicate_id",
                Sentence("This sourcedId stands already on line %(first)s.", first=first),
                _file(staged, kind),
                line,
                "sourcedId",
                sourced_id,
            )
    query = f"""SELECT min(sourced_id), max(sourced_id), max(line) FROM {kind}
        GROUP BY coalesce(fold, sourced_id) HAVING min(sourced_id) <> max(sourced_id) LIMIT {LIMIT}"""
    for one, other, line in staged.sql.execute(query):
        notes.fault(
            "suspicious_twin",
            Sentence(
                "%(one)s and %(other)s differ only in case or leading zeros; one of them was changed "
                "on the way.",
                one=one,
                other=other,
            ),
            _file(staged, kind),
            line,
            "sourcedId",
            other,
        )


def _rounded(staged: StagedFile, kind: str, notes: Notes) -> None:
    # A spreadsheet keeps 15 digits and writes zeros for the rest.
    query = f"""SELECT sourced_id, line FROM {kind} WHERE length(sourced_id) > 15
        AND sourced_id NOT GLOB '*[^0-9]*'
        LIMIT 1000"""
    found = staged.sql.execute(query).fetchall()
    ends = [(one, line) for one, line in found if not one[15:].strip("0")]
    if ends and len(ends) == len(found) and (len(ends) > 1 or len(ends[0][0]) > 16):
        for one, line in ends:
            notes.fault(
                "spreadsheet_number",
                "All digits after the fifteenth are zeros: a spreadsheet rounded this identifier.",
                _file(staged, kind),
                line,
                "sourcedId",
                one,
            )


def _across(staged: StagedFile, notes: Notes) -> None:
    kinds = ("orgs", "terms", "courses", "classes")
    union = " UNION ALL ".join(f"SELECT sourced_id FROM {kind}" for kind in kinds)
    query = f"SELECT sourced_id, line FROM persons WHERE sourced_id IN ({union}) LIMIT {LIMIT}"
    for sourced_id, line in staged.sql.execute(query):
        notes.warn(
            "id_used_twice",
            "The same sourcedId stands in another file too.",
            _file(staged, "persons"),
            line,
            "sourcedId",
            sourced_id,
        )


def _references(staged: StagedFile, notes: Notes) -> None:
    sql = staged.sql
    sql.execute('CREATE TABLE outside (kind, sourced_id, file, line, "column")')
    for table, column, target, said in sorted(_CHILD_LINES):
        alive = "" if table in _HOLDS_DELETED else "AND NOT c.deleted"
        file = _file(staged, table)
        if table == "grants":
            said = said if staged.grants_by_person or column == "person" else "orgSourcedId"
            if staged.grants_by_person and column == "person":
                continue
        missing = f"""FROM {table} c WHERE c.{column} IS NOT NULL {alive}
            AND NOT EXISTS (SELECT 1 FROM {target} t WHERE t.sourced_id = c.{column})
            AND NOT EXISTS (SELECT 1 FROM faulty f WHERE f.kind = '{target}' AND f.sourced_id = c.{column})"""
        if staged.modes[target] == "bulk":
            query = f"SELECT c.line, c.{column} {missing} ORDER BY c.line LIMIT {LIMIT}"
            for line, value in sql.execute(query):
                notes.fault(
                    "unknown_reference",
                    Sentence("%(file)s has no such sourcedId.", file=staged.files[target]),
                    file,
                    line,
                    said,
                    value,
                )
        else:
            sql.execute(
                f"""INSERT INTO outside SELECT '{target}', c.{column}, ?, min(c.line), ? {missing}
                GROUP BY c.{column}""",
                (file, said),
            )
        gone = f"""SELECT c.line, c.{column} FROM {table} c JOIN {target} t ON t.sourced_id = c.{column}
            WHERE t.deleted {alive} ORDER BY c.line LIMIT {LIMIT}"""
        for line, value in sql.execute(gone):
            notes.fault(
                "parent_deleted",
                Sentence("%(file)s deletes this sourcedId, but the row stays.", file=staged.files[target]),
                file,
                line,
                said,
                value,
            )


def _sessions(staged: StagedFile, notes: Notes) -> None:
    file = _file(staged, "terms")
    live = "FROM terms WHERE NOT deleted"
    for line, starts, ends in staged.sql.execute(
        f"SELECT line, starts_on, ends_on {live} AND ends_on < starts_on"
    ):
        notes.fault(
            "ends_before_start",
            Sentence("The session ends before it starts (%(starts)s).", starts=starts),
            file,
            line,
            "endDate",
            ends,
        )
    query = f"""SELECT line, ends_on {live} AND kind = 'schoolYear'
        AND starts_on < substr(ends_on, 1, 4) || '-07-01'
        AND ends_on > substr(ends_on, 1, 4) || '-07-01'"""
    for line, ends in staged.sql.execute(query):
        notes.warn("crosses_july", "The school year crosses 1 July.", file, line, "endDate", ends)
    query = f"""SELECT line, school_year {live} AND school_year NOT BETWEEN substr(starts_on, 1, 4) - 1
        AND substr(ends_on, 1, 4) + 1"""
    for line, year in staged.sql.execute(query):
        notes.warn(
            "odd_school_year",
            "The school year is far from the session's days.",
            file,
            line,
            "schoolYear",
            str(year),
        )
    query = f"""SELECT b.line, a.title, b.title FROM terms a
        JOIN terms b ON a.kind = b.kind AND a.parent IS b.parent
        AND a.sourced_id < b.sourced_id AND a.starts_on < b.ends_on AND b.starts_on < a.ends_on
        WHERE NOT a.deleted AND NOT b.deleted AND a.kind <> 'schoolYear' LIMIT {LIMIT}"""
    for line, one, other in staged.sql.execute(query):
        notes.warn(
            "overlapping_sessions",
            Sentence("The sessions “%(one)s” and “%(other)s” overlap.", one=one, other=other),
            file,
            line,
            "startDate",
        )


def _enrollments(staged: StagedFile, notes: Notes) -> None:
    sql, file = staged.sql, _file(staged, "enrollments")
    query = f"""SELECT line, starts_on, ends_on FROM enrollments
        WHERE NOT deleted AND ends_on < starts_on LIMIT {LIMIT}"""
    for line, starts, ends in sql.execute(query):
        notes.fault(
            "ends_before_start",
            Sentence("The enrollment ends before it begins (%(starts)s).", starts=starts),
            file,
            line,
            "endDate",
            ends,
        )
    query = f"""SELECT p.line, p.school FROM places p JOIN enrollments e ON e.sourced_id = p.enrollment
        JOIN classes c ON c.sourced_id = e.school_class WHERE c.school <> p.school LIMIT {LIMIT}"""
    for line, school in sql.execute(query):
        notes.fault(
            "other_school", "The class belongs to another school.", file, line, "schoolSourcedId", school
        )
    sql.execute("""CREATE TABLE spans AS
        SELECT ct.school_class AS school_class, min(t.starts_on) AS starts_on,
        max(t.ends_on) AS ends_on FROM class_terms ct JOIN terms t ON t.sourced_id = ct.term GROUP BY 1""")
    sql.execute("CREATE INDEX spans_by_class ON spans (school_class)")
    query = f"""SELECT e.line, e.starts_on, e.ends_on, s.starts_on, s.ends_on FROM enrollments e
        JOIN spans s ON s.school_class = e.school_class
        WHERE NOT e.deleted AND (e.starts_on < s.starts_on OR e.starts_on > s.ends_on OR e.ends_on > s.ends_on
        OR e.ends_on < s.starts_on) LIMIT {LIMIT * 2}"""
    for line, starts, ends, first, last in sql.execute(query):
        apart = (starts is not None and starts > last) or (ends is not None and ends < first)
        note = notes.fault if apart else notes.warn
        note(
            "outside_session",
            Sentence(
                "The enrollment lies outside its class's sessions (%(first)s to %(last)s)."
                if apart
                else "The enrollment lies partly outside its class's sessions (%(first)s to %(last)s).",
                first=first,
                last=last,
            ),
            file,
            line,
            "beginDate",
            f"{starts or ''}/{ends or ''}",
        )
    _twice_enrolled(staged, notes)


def _twice_enrolled(staged: StagedFile, notes: Notes) -> None:
    query = f"""SELECT max(line), person, school_class FROM enrollments WHERE NOT deleted
        GROUP BY person, school_class, role HAVING count(*) > 1 LIMIT {LIMIT}"""
    for line, person, school_class in staged.sql.execute(query):
        notes.warn(
            "enrolled_twice",
            Sentence(
                "The person is enrolled more than once in class %(school_class)s in the same role.",
                school_class=school_class,
            ),
            _file(staged, "enrollments"),
            line,
            "userSourcedId",
            person,
        )
    query = f"""SELECT e.line, e.person FROM enrollments e WHERE e.role = 'teacher' AND NOT e.deleted
        AND EXISTS (SELECT 1 FROM grants g WHERE g.person = e.person AND g.said = 'student')
        AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.person = e.person AND g.said = 'teacher')
        LIMIT {LIMIT}"""
    for line, person in staged.sql.execute(query):
        notes.warn(
            "student_teaches",
            "A student is enrolled as a teacher: this opens the class to the student.",
            _file(staged, "enrollments"),
            line,
            "userSourcedId",
            person,
        )


def _people(staged: StagedFile, notes: Notes) -> None:
    sql, file = staged.sql, _file(staged, "persons")
    for line, person in sql.execute(f"SELECT line, person FROM links WHERE person = agent LIMIT {LIMIT}"):
        notes.fault(
            "own_guardian", "A person is listed as their own agent.", file, line, "agentSourcedIds", person
        )
    for column, said in (
        ("identifier", "identifier"),
        ("master_identifier", "userMasterIdentifier"),
        ("username", "username"),
    ):
        query = f"""SELECT max(line), {column}, count(*) FROM persons WHERE NOT deleted AND {column} <> ''
            GROUP BY {column} HAVING count(*) > 1 LIMIT {LIMIT}"""
        for line, value, n in sql.execute(query):
            notes.warn(
                "shared_" + column,
                Sentence("%(n)s people share this %(said)s: perhaps one person twice.", n=n, said=said),
                file,
                line,
                said,
                value,
            )
    grants = _file(staged, "grants")
    query = f"SELECT line, starts_on, ends_on FROM grants WHERE ends_on < starts_on LIMIT {LIMIT}"
    for line, starts, ends in sql.execute(query):
        notes.fault(
            "ends_before_start",
            Sentence("The role ends before it begins (%(starts)s).", starts=starts),
            grants,
            line,
            "endDate",
            ends,
        )
    for line, said, person in sql.execute(
        f"SELECT line, said, person FROM grants WHERE NOT deleted AND said IN "
        f"({_quoted(ADMINISTERS)}) LIMIT {LIMIT}"
    ):
        notes.warn(
            "role_by_hand_only",
            Sentence("The role %(said)s gives nothing until a person grants it by hand.", said=said),
            grants,
            line,
            "role",
            person,
        )
    query = f"""SELECT said, count(*) FROM grants WHERE NOT deleted AND said NOT IN
        ({_quoted(ADMINISTERS | GIVES.keys())}) GROUP BY said"""
    for said, n in sql.execute(query):
        notes.warn(
            "role_gives_nothing",
            Sentence("%(n)s people have the role %(said)s, which opens nothing by itself.", n=n, said=said),
            grants,
            value=said,
        )


def _quoted(words: frozenset[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


def _cycles(staged: StagedFile, kind: str, notes: Notes) -> None:
    parents = dict(staged.sql.execute(f"SELECT sourced_id, parent FROM {kind} WHERE parent IS NOT NULL"))
    done: set[str] = set()
    for start in parents:
        path: list[str] = []
        one: str | None = start
        while one is not None and one not in done and one not in path[-50:]:
            path.append(one)
            one = parents.get(one)
            if len(path) > 50:
                break
        if one is not None and one not in done and (one in path or len(path) > 50):
            line = staged.sql.execute(f"SELECT line FROM {kind} WHERE sourced_id = ?", (one,)).fetchone()
            notes.fault(
                "parent_loop",
                "Parents lead round in a circle, or down too deep.",
                _file(staged, kind),
                line[0] if line else None,
                "parentSourcedId",
                one,
            )
        done.update(path)
