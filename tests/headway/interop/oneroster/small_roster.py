"""Two small rosters written as text: the same school in OneRoster 1.1 (a folder) and 1.2 (a zip)."""

# ruff: noqa: E501 (the rosters stand as a file has them)

from __future__ import annotations

import zipfile
from pathlib import Path

MANIFEST_11 = """propertyName,value
manifest.version,1.0
oneroster.version,1.1
file.orgs,bulk
file.academicSessions,bulk
file.courses,bulk
file.classes,bulk
file.users,bulk
file.enrollments,bulk
file.demographics,bulk
source.systemName,Small SIS
"""
ORGS = """sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
d1,,,Juniper Valley,district,JV,
s1,,,Juniper Elementary,school,JE,d1
s2,,,Cedar Middle,school,CM,d1
"""
SESSIONS = """sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear
y27,,,2026-2027,schoolYear,2026-08-10,2027-06-01,,2027
t1,,,Fall,semester,2026-08-10,2026-12-20,y27,2027
t2,,,Spring,semester,2027-01-05,2027-06-01,y27,2027
"""
COURSES = """sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes
c1,,,y27,Mathematics 5,MA5,05,d1,Mathematics,
c2,,,y27,Reading 5,RE5,05,d1,Reading,
"""
CLASSES = """sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods
k1,,,Math 5 Lopez,05,c1,MA5-1,scheduled,Room 4,s1,"t1,t2",Mathematics,,1
k2,,,Reading 5 Lopez,05,c2,RE5-1,scheduled,Room 4,s1,t1,Reading,,2
k3,,,Math 6 Reed,06,c1,MA6-1,scheduled,Room 9,s2,t1,Mathematics,,1
"""
USERS_11 = """sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password
u1,,,true,s1,student,ana,,Ana,Abeyta,,9001,,,,p1,05,
u2,,,true,s1,student,ben,,Ben,Ortiz,,9002,,,,p1,05,
u3,,,true,s1,student,cy,,Cy,O'Neil,,9003,,,,,05,
u4,,,true,"s1,s2",student,dee,,Dee,=SUM(A1),,9004,,,,,06,
T1,,,true,s1,teacher,lopez,,Maria,Lopez,,7001,,,,,,
T2,,,true,"s1,s2",teacher,reed,,Sam,Reed,,7002,,,,,,
p1,,,true,s1,parent,pat,,Pat,Abeyta,,,,,,,,
a1,,,true,d1,administrator,boss,,Ada,Boss,,,,,,,,
"""
ENROLLMENTS = """sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate
e1,,,k1,s1,u1,student,false,2026-08-10,
e2,,,k1,s1,u2,student,false,2026-08-10,
e3,,,k1,s1,u3,student,false,2026-09-15,2026-10-15
e4,,,k3,s2,u4,student,false,,
e5,,,k1,s1,T1,teacher,true,,
e6,,,k2,s1,T1,teacher,true,,
e7,,,k3,s2,T2,teacher,true,,
e8,,,k2,s1,u1,student,false,,
"""
DEMOGRAPHICS = """sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus
u1,,,2016-02-29,female,false,,,,true,,true,US,CO,Denver,01652
u2,,,2016-03-01,male,,,,,,,,,,,
"""
USERS_12 = """sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns
u1,,,true,ana,,Ana,Abeyta,,9001,,,,p1,05,,m1,,Anita,,,s1,
u2,,,true,ben,,Ben,Ortiz,,9002,,,,p1,05,,m2,,,,,s1,
u3,,,true,cy,,Cy,O'Neil,,9003,,,,,05,,m3,,,,,s1,
u4,,,true,dee,,Dee,=SUM(A1),,9004,,,,,06,,m4,,,,,s2,
T1,,,true,lopez,,Maria,Lopez,,7001,,,,,,,m5,,,,,s1,
T2,,,true,reed,,Sam,Reed,,7002,,,,,,,m6,,,,,s2,
p1,,,true,pat,,Pat,Abeyta,,,,,,,,,m7,,,,,s1,
a1,,,true,boss,,Ada,Boss,,,,,,,,,m8,,,,,d1,
"""
ROLES = """sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId
r1,,,u1,primary,student,,,s1,
r2,,,u2,primary,student,,,s1,
r3,,,u3,primary,student,,,s1,
r4,,,u4,primary,student,,,s2,
r5,,,T1,primary,teacher,,,s1,
r6,,,T2,primary,teacher,,,s2,
r7,,,p1,primary,parent,,,s1,
r8,,,T1,secondary,parent,,,s1,
r9,,,T2,secondary,principal,2026-08-10,2027-06-01,s2,
ra,,,a1,primary,districtAdministrator,,,d1,
"""
ROSTER_11 = {
    "manifest.csv": MANIFEST_11,
    "orgs.csv": ORGS,
    "academicSessions.csv": SESSIONS,
    "courses.csv": COURSES,
    "classes.csv": CLASSES,
    "users.csv": USERS_11,
    "enrollments.csv": ENROLLMENTS,
    "demographics.csv": DEMOGRAPHICS,
}
ROSTER_12 = {
    **ROSTER_11,
    "users.csv": USERS_12,
    "roles.csv": ROLES,
    "manifest.csv": MANIFEST_11.replace("oneroster.version,1.1", "oneroster.version,1.2")
    + "file.roles,bulk\n",
}


def changed(roster: dict[str, str], file: str, old: str, new: str) -> dict[str, str]:
    """Return the roster with one piece of text replaced, which must be there."""
    assert old in roster[file], (file, old)
    return {**roster, file: roster[file].replace(old, new)}


def folder(at: Path, roster: dict[str, str | bytes]) -> Path:
    """Write a roster as a folder."""
    at.mkdir(parents=True, exist_ok=True)
    for name, text in roster.items():
        (at / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return at


def zipped(at: Path, roster: dict[str, str | bytes], inside: str = "") -> Path:
    """Write a roster as a zip, perhaps with one nested folder."""
    with zipfile.ZipFile(at, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in roster.items():
            archive.writestr(inside + name, text)
    return at


def delta(**files: str) -> dict[str, str]:
    """Return a delta of 1.1 with the given files; all others are absent."""
    names = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments", "demographics")
    lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1"]
    lines += [f"file.{name},{'delta' if name in files else 'absent'}" for name in names]
    return {"manifest.csv": "\n".join(lines) + "\n", **{f"{name}.csv": text for name, text in files.items()}}
