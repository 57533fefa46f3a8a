"""Published tables and figures as recipes, and the arithmetic behind published energies."""

from ._dry_run import RowCheck as RowCheck
from ._dry_run import dry_run as dry_run
from ._listing import Entry as Entry
from ._listing import listing as listing
from .library import find_recipe as find_recipe
from .library import recipes as recipes
from .of_method import PublishedRow as PublishedRow
from .of_method import rows_of_method as rows_of_method
from .recipe import Recipe as Recipe
from .result import PaperRow as PaperRow
from .result import PaperRun as PaperRun
from .run import run_recipe as run_recipe
from .training import Trainer as Trainer
from .workspace import Workspace as Workspace
