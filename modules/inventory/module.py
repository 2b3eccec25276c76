"""The front page of the inventory module: every message it sends or receives."""

from amphibus import Module, on
from contracts.inventory import v1 as inventory
from modules.inventory.container import InventoryContainer
from modules.inventory.handlers import (
    get_stock,
    receive_stock,
    release_stock,
    reserve_stock,
    restock_items,
    ship_stock,
)
from modules.inventory.models import Base

module = Module(
    name="inventory",
    container=InventoryContainer,
    handles=(
        on(inventory.ReceiveStock, receive_stock),
        on(inventory.ReserveStock, reserve_stock),
        on(inventory.ReleaseStock, release_stock),
        on(inventory.ShipStock, ship_stock),
        on(inventory.RestockItems, restock_items),
        on(inventory.GetStock, get_stock),
    ),
    publishes=(inventory.StockReserved, inventory.StockUnavailable),
    tables=Base.metadata,
)
