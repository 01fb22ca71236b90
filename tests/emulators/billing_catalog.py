"""A Cloud Billing Catalog of the tests: Google's own client speaks to it over gRPC, in the service's own messages."""

from __future__ import annotations

from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from google.cloud.billing_v1.types import ListSkusRequest, ListSkusResponse, Sku

if TYPE_CHECKING:
    from collections.abc import Iterator

METHOD = "google.cloud.billing.v1.CloudCatalog"


@dataclass(slots=True)
class Catalog:
    """`skus` by service id; `refuse` is what every call is answered with; `asked` is what came in."""

    address: str = ""
    page: int = 3
    skus: dict[str, list[Sku]] = field(default_factory=dict)
    refuse: grpc.StatusCode | None = None
    asked: list[ListSkusRequest] = field(default_factory=list)


@contextmanager
def catalog() -> Iterator[Catalog]:
    """Runs the server while the block lasts. It listens on this machine only."""
    state = Catalog()

    def list_skus(request: ListSkusRequest, context: grpc.ServicerContext) -> ListSkusResponse:
        state.asked.append(request)
        if state.refuse is not None:
            context.abort(state.refuse, "someone@example.com may not")
        found = state.skus.get(request.parent.removeprefix("services/"), [])
        first = int(request.page_token or 0)
        last = first + state.page
        return ListSkusResponse(skus=found[first:last], next_page_token=str(last) if last < len(found) else "")

    handler = grpc.unary_unary_rpc_method_handler(
        list_skus, request_deserializer=ListSkusRequest.deserialize, response_serializer=ListSkusResponse.serialize
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(METHOD, {"ListSkus": handler}),))
    state.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield state
    finally:
        server.stop(0).wait()


def sku(
    description: str,
    usd: float | list[float],
    *,
    unit: str = "",
    usage_type: str = "OnDemand",
    regions: tuple[str, ...] = ("us-central1", "us-east1"),
) -> Sku:
    """An article as the catalog writes it: memory by the GiB and hour, all else by the hour."""
    tiers = [
        {
            "start_usage_amount": float(n),
            "unit_price": {"currency_code": "USD", "units": int(price), "nanos": round((price - int(price)) * 1e9)},
        }
        for n, price in enumerate(usd if isinstance(usd, list) else [usd])
    ]
    return Sku(
        name="services/6F81-5844-456A/skus/0000-0000-0000",
        sku_id="0000-0000-0000",
        description=description,
        category={"resource_family": "Compute", "usage_type": usage_type, "service_display_name": "Compute Engine"},
        service_regions=list(regions),
        pricing_info=[
            {
                "pricing_expression": {
                    "usage_unit": unit or ("GiBy.h" if " Ram " in description or "RAM " in description else "h"),
                    "display_quantity": 1,
                    "tiered_rates": tiers,
                }
            }
        ],
    )
