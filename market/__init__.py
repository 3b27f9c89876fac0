"""The rules of the game: auctions, sessions, settlement, records. Knows no agent, no figure."""

from market.auction import hold
from market.auction_series import AuctionSeries, Lot, Terms, lot_of
from market.batch import Books
from market.block import Block, FleetBlock
from market.calendar import Calendar
from market.cells import Origin
from market.clear import (
    apart,
    auction_of,
    check_conditions,
    clear,
    mechanism_of,
    mwh,
    rules_of,
    surpluses,
)
from market.clear_many import TableResult, clear_many, clear_table
from market.clearing import AuctionRules, ClearingResult, Mechanism, Trades, mechanisms
from market.cooperative_game import Game, cost_game, game_of_array, game_of_function
from market.day_ahead.auction import DayAheadResult, clear_day_ahead
from market.day_ahead.blocks import BlockOrders
from market.day_ahead.table import RowBlocks
from market.deviations import Deviation, deviations
from market.distribution import BENEFIT_COLUMNS, benefits, gini, physical_welfare
from market.errors import ConservationError, InputError
from market.experiment_files import (
    HIGHER_TERM,
    RESERVED,
    RESIDUAL_TERM,
    SAMPLED_DESIGNS,
    SEED_TERM,
)
from market.experiment_files import TABLES as EXPERIMENT_TABLES
from market.experiment_results import ExperimentResults, talatan_experiment
from market.exploitability import (
    Exploit,
    exploitability,
    exploitability_of_series,
    usual_prices,
)
from market.figure_names import FigureGroups, fits, names_of, nearest_name
from market.gate import BookTop, Delivery, Gate, Trading
from market.investment import investment
from market.key_figures import (
    KeyFigure,
    figure_patterns,
    key_figures,
    known_figure,
    period_groups,
    summary,
    unknown_figure,
)
from market.layout import FleetRows, Layout, ZoneRows, lay_out
from market.ledger import COUNTERPARTIES, Ledger
from market.metering import Stores, check_block, check_curtailment
from market.order_table import (
    ORDER_COLUMNS,
    PARTS_PER_MWH,
    OrderTable,
    book_from_arrays,
    book_from_frame,
    order_table,
)
from market.orders import OrderBook
from market.periods import PeriodResults, period_figures
from market.recorder import Recorder, RecordingRules
from market.registry import Registry
from market.results import Results, talatan_results
from market.rules import FeeRules, GateTimes, ImbalanceRules, MarketRules
from market.session import MarketSession
from market.settlement import ContractTerms, Settlement, StorageTerms, Tariffs
from market.shares import Shares, in_core, sharing_rules, to_cents
from market.statistics import Difference, Estimate, holm, mean_interval, paired_difference
from market.storage_service.capacity import ListedStations, capacity_price
from market.storage_service.claims import UNLIMITED, ServiceContracts
from market.storage_service.flows import Flows, Handover, Journal, Returned
from market.storage_service.form import ServiceForm
from market.storage_service.lease_terms import LeaseContract
from market.storage_service.lease_terms import Slices as StationSlices
from market.storage_service.lease_terms import Stations as LeasedStations
from market.storage_service.leases import LeaseBook
from market.storage_service.netting import NETTING_RULES, Exchange, credit, gain_rate, netted
from market.storage_service.rights import Product as RightsProduct
from market.storage_service.rights import RightsRules
from market.storage_service.rights import Tenants as RightsTenants
from market.storage_service.rights_market import RightsMarket
from market.storage_service.rules import MODES, CapacityRules, ServiceRules
from market.storage_service.session import ServiceMarket, ServiceTerms
from market.storage_service.stations import StationLimits, check_stations
from market.streams import DailyDraws, stream
from market.table_columns import ENERGY_COLUMNS
from market.tables import write_json
from market.units import (
    CENTS,
    WH_PER_MWH,
    BoolArray,
    FloatArray,
    IntArray,
    share_out,
    to_mwh,
    to_wh,
)

__all__ = [
    "BENEFIT_COLUMNS",
    "CENTS",
    "COUNTERPARTIES",
    "ENERGY_COLUMNS",
    "EXPERIMENT_TABLES",
    "HIGHER_TERM",
    "MODES",
    "NETTING_RULES",
    "ORDER_COLUMNS",
    "PARTS_PER_MWH",
    "RESERVED",
    "RESIDUAL_TERM",
    "SAMPLED_DESIGNS",
    "SEED_TERM",
    "UNLIMITED",
    "WH_PER_MWH",
    "AuctionRules",
    "AuctionSeries",
    "Block",
    "BlockOrders",
    "BookTop",
    "Books",
    "BoolArray",
    "Calendar",
    "CapacityRules",
    "ClearingResult",
    "ConservationError",
    "ContractTerms",
    "DailyDraws",
    "DayAheadResult",
    "Delivery",
    "Deviation",
    "Difference",
    "Estimate",
    "Exchange",
    "ExperimentResults",
    "Exploit",
    "FeeRules",
    "FigureGroups",
    "FleetBlock",
    "FleetRows",
    "FloatArray",
    "Flows",
    "Game",
    "Gate",
    "GateTimes",
    "Handover",
    "ImbalanceRules",
    "InputError",
    "IntArray",
    "Journal",
    "KeyFigure",
    "Layout",
    "LeaseBook",
    "LeaseContract",
    "LeasedStations",
    "Ledger",
    "ListedStations",
    "Lot",
    "MarketRules",
    "MarketSession",
    "Mechanism",
    "OrderBook",
    "OrderTable",
    "Origin",
    "PeriodResults",
    "Recorder",
    "RecordingRules",
    "Registry",
    "Results",
    "Returned",
    "RightsMarket",
    "RightsProduct",
    "RightsRules",
    "RightsTenants",
    "RowBlocks",
    "ServiceContracts",
    "ServiceForm",
    "ServiceMarket",
    "ServiceRules",
    "ServiceTerms",
    "Settlement",
    "Shares",
    "StationLimits",
    "StationSlices",
    "StorageTerms",
    "Stores",
    "TableResult",
    "Tariffs",
    "Terms",
    "Trades",
    "Trading",
    "ZoneRows",
    "apart",
    "auction_of",
    "benefits",
    "book_from_arrays",
    "book_from_frame",
    "capacity_price",
    "check_block",
    "check_conditions",
    "check_curtailment",
    "check_stations",
    "clear",
    "clear_day_ahead",
    "clear_many",
    "clear_table",
    "cost_game",
    "credit",
    "deviations",
    "exploitability",
    "exploitability_of_series",
    "figure_patterns",
    "fits",
    "gain_rate",
    "game_of_array",
    "game_of_function",
    "gini",
    "hold",
    "holm",
    "in_core",
    "investment",
    "key_figures",
    "known_figure",
    "lay_out",
    "lot_of",
    "mean_interval",
    "mechanism_of",
    "mechanisms",
    "mwh",
    "names_of",
    "nearest_name",
    "netted",
    "order_table",
    "paired_difference",
    "period_figures",
    "period_groups",
    "physical_welfare",
    "rules_of",
    "share_out",
    "sharing_rules",
    "stream",
    "summary",
    "surpluses",
    "talatan_experiment",
    "talatan_results",
    "to_cents",
    "to_mwh",
    "to_wh",
    "unknown_figure",
    "usual_prices",
    "write_json",
]
