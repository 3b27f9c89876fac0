"""Who plays: fleets with their physics, strategies and forecasts. Imports `market` only."""

from agents.ageing import AgeingLaw
from agents.compute import ComputeFleet
from agents.data_centers import DataCenterFleet
from agents.external import ExternalFleet
from agents.fleet import Fleet, FleetUnits
from agents.forecast_scores import ScoredPrices
from agents.forecasts import FORECASTERS, ResourceForecaster, price_forecaster
from agents.jobs import (
    BEST_EFFORT,
    SOFT,
    SOFT_STEP_S,
    SOFT_VALUES,
    STRICT,
    ArrivalProcess,
    JobTrace,
    poisson_jobs,
    read_jobs,
)
from agents.leasing import Leasing
from agents.loads import LoadFleet
from agents.outages import DatedOutage, FailureRates, Outages
from agents.plant_noise import PlantNoise
from agents.pool_bids import PoolBids
from agents.processes import Arrivals, ContractCalendar, Role, RuleChanges
from agents.quotes import MarketView, PriceForecaster, Quotes, Strategy, strategies
from agents.renewables import RenewableFleet, Resource, ServiceBids
from agents.reservoirs import ReservoirFleet, ReservoirPlant
from agents.service_offers import ServiceOffers
from agents.site_power import DataCenterSite, PueTable
from agents.slices import Division, Sizes
from agents.stations import StationFleet
from agents.storage import StorageFleet, StoragePlant
from agents.thermal import FreeThermalFleet, ThermalFleet, ThermalPlant
from agents.weather import profile_names, synthetic

__all__ = [
    "BEST_EFFORT",
    "FORECASTERS",
    "SOFT",
    "SOFT_STEP_S",
    "SOFT_VALUES",
    "STRICT",
    "AgeingLaw",
    "ArrivalProcess",
    "Arrivals",
    "ComputeFleet",
    "ContractCalendar",
    "DataCenterFleet",
    "DataCenterSite",
    "DatedOutage",
    "Division",
    "ExternalFleet",
    "FailureRates",
    "Fleet",
    "FleetUnits",
    "FreeThermalFleet",
    "JobTrace",
    "Leasing",
    "LoadFleet",
    "MarketView",
    "Outages",
    "PlantNoise",
    "PoolBids",
    "PriceForecaster",
    "PueTable",
    "Quotes",
    "RenewableFleet",
    "ReservoirFleet",
    "ReservoirPlant",
    "Resource",
    "ResourceForecaster",
    "Role",
    "RuleChanges",
    "ScoredPrices",
    "ServiceBids",
    "ServiceOffers",
    "Sizes",
    "StationFleet",
    "StorageFleet",
    "StoragePlant",
    "Strategy",
    "ThermalFleet",
    "ThermalPlant",
    "poisson_jobs",
    "price_forecaster",
    "profile_names",
    "read_jobs",
    "strategies",
    "synthetic",
]
