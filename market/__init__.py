"""The rules of the game: auctions, sessions, settlement, records. Knows no agent, no figure."""

from market.auction import hold
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
from market.errors import ConservationError, InputError
from market.gate import BookTop, Delivery, Gate, Trading
from market.investment import investment
from market.key_figures import KeyFigure, key_figures, summary
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
from market.recorder import Recorder, RecordingRules
from market.registry import Registry
from market.results import Results, talatan_results
from market.rules import FeeRules, GateTimes, ImbalanceRules, MarketRules
from market.session import MarketSession
from market.settlement import ContractTerms, Settlement, StorageTerms, Tariffs
from market.shares import Shares, in_core, sharing_rules, to_cents
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
    "CENTS",
    "COUNTERPARTIES",
    "ENERGY_COLUMNS",
    "MODES",
    "NETTING_RULES",
    "ORDER_COLUMNS",
    "PARTS_PER_MWH",
    "UNLIMITED",
    "WH_PER_MWH",
    "AuctionRules",
    "Block",
    "BlockOrders",
    "BookTop",
    "BoolArray",
    "Calendar",
    "CapacityRules",
    "ClearingResult",
    "ConservationError",
    "ContractTerms",
    "DailyDraws",
    "DayAheadResult",
    "Delivery",
    "Exchange",
    "FeeRules",
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
    "MarketRules",
    "MarketSession",
    "Mechanism",
    "OrderBook",
    "OrderTable",
    "Origin",
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
    "Trades",
    "Trading",
    "ZoneRows",
    "apart",
    "auction_of",
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
    "gain_rate",
    "game_of_array",
    "game_of_function",
    "hold",
    "in_core",
    "investment",
    "key_figures",
    "lay_out",
    "mechanism_of",
    "mechanisms",
    "mwh",
    "netted",
    "order_table",
    "rules_of",
    "share_out",
    "sharing_rules",
    "stream",
    "summary",
    "surpluses",
    "talatan_results",
    "to_cents",
    "to_mwh",
    "to_wh",
    "write_json",
]
