"""The shared-storage market: service to plants that would be curtailed, leases, capacity."""
