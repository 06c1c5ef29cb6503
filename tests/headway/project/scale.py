"""A district of any size as files: a roster, a continuum and ratings, the same for the same numbers."""

from __future__ import annotations

from pathlib import Path

from .district import day, folder

_ORGS = (
    "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "d1,,,District,district,D,",
    "s1,,,School,school,S,d1",
)


def roster(at: Path, students: int, *, per_class: int = 25) -> Path:
    """Write a OneRoster 1.1 folder: students S0000 …, one teacher and one class for each 25."""
    first, last = day(100), day(-190)
    classes = -(-students // per_class)
    users = [
        *(f"S{n:04d},,,true,s1,student,s{n},,Given{n},Family{n % 97},,{n},,,,,05," for n in range(students)),
        *(f"T{n:03d},,,true,s1,teacher,t{n},,Teacher{n},Staff{n},,,,,,,," for n in range(classes)),
    ]
    enrollments = [
        *(f"e{n},,,k{n // per_class},s1,S{n:04d},student,false,{first}," for n in range(students)),
        *(f"f{n},,,k{n},s1,T{n:03d},teacher,true,{first}," for n in range(classes)),
    ]
    header = (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
        "termSourcedIds,subjects,subjectCodes,periods"
    )
    files = {
        "manifest.csv": [
            "propertyName,value", "manifest.version,1.0", "oneroster.version,1.1",
            *(f"file.{n},bulk" for n in ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")),
        ],
        "orgs.csv": [*_ORGS],
        "academicSessions.csv": [
            "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
            f"y,,,Year,schoolYear,{first},{last},,{last[:4]}",
        ],
        "courses.csv": [
            "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
            "c,,,y,Mathematics,M,05,d1,Mathematics,",
        ],
        "classes.csv": [header, *(f"k{n},,,Class {n},05,c,M{n},scheduled,,s1,y,Mathematics,," for n in range(classes))],
        "users.csv": [
            "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
            "identifier,email,sms,phone,agentSourcedIds,grades,password", *users,
        ],
        "enrollments.csv": [
            "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
            *enrollments,
        ],
    }  # fmt: skip
    return folder(at, {name: "\n".join(lines) + "\n" for name, lines in files.items()})


def continuum(at: Path, nodes: int = 500, *, per_competency: int = 12) -> tuple[Path, list[str]]:
    """Write a continuum of so many nodes as the spreadsheet; return the file and the codes of its targets."""
    competencies = (nodes - 1) // (per_competency + 1)
    lines = ["row,code,parents,name,depth", "framework,,,BIG,", "area,A,,Everything,"]
    codes = []
    for c in range(competencies):
        lines.append(f"competency,C{c},A,Competency {c},")
        last = c == competencies - 1
        for t in range(nodes - 1 - competencies - per_competency * c if last else per_competency):
            codes.append(f"C{c}.{t}")
            lines.append(f"target,C{c}.{t},C{c},Target {c} {t},2")
    at.write_text("\n".join(lines) + "\n")
    return at, codes


def ratings(at: Path, count: int, students: int, codes: list[str], *, per_pair: int = 4) -> tuple[Path, int]:
    """Write so many ratings, `per_pair` for each student and target touched; return the file and the number of pairs."""
    pairs = count // per_pair
    with at.open("w") as out:
        out.write("key,student,target,level,observed_at,rater\n")
        for n in range(count):
            pair, nth = divmod(n, per_pair)
            student = pair % students
            target = codes[(pair // students + student) % len(codes)]
            out.write(
                f"r{n:06d},S{student:04d},{target},{1 + (n * 7 + nth) % 4},{day(1 + 9 * nth)},T{student // 25:03d}\n"
            )
    return at, pairs
