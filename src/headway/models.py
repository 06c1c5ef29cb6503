"""Gathers the records of all packages, because Django looks for them here."""

from headway.access.models import *  # noqa: F403
from headway.calibration.models import *  # noqa: F403
from headway.contact.models import *  # noqa: F403
from headway.evidence.models import *  # noqa: F403
from headway.frameworks.models import *  # noqa: F403
from headway.jobs.models import *  # noqa: F403
from headway.notices.models import *  # noqa: F403
from headway.plans.models import *  # noqa: F403
from headway.proficiency.models import *  # noqa: F403
from headway.profiles.models import *  # noqa: F403
from headway.report_cards.models import *  # noqa: F403
from headway.reports.models import *  # noqa: F403
from headway.rights.models import *  # noqa: F403
from headway.rosters.models import *  # noqa: F403
from headway.tasks.models import *  # noqa: F403
