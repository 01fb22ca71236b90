"""A Price List of the tests: boto3 speaks to it over HTTP as it does to AWS, whose API moto lacks.

It honours filters, pages and the format, and refuses what the service's model does not have.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class PriceList:
    """`products` by service code; `refuse` answers (status, code) by service code; `asked` is what came in."""

    address: str = ""
    page: int = 2
    products: dict[str, list[str]] = field(default_factory=dict)
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def price_list() -> Iterator[PriceList]:
    """Runs the server while the block lasts. It listens on this machine only."""
    state = PriceList()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = _answer(state, self.headers["X-Amz-Target"], request)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(state: PriceList, target: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    state.asked.append(request)
    code = request["ServiceCode"]
    if target != "AWSPriceListService.GetProducts" or request["FormatVersion"] != "aws_v1":
        return 400, {"__type": "InvalidParameterException", "message": target}
    if code in state.refuse:
        status, kind = state.refuse[code]
        return status, {"__type": kind, "message": "User: arn:aws:iam::123456789012:user/someone is not authorized"}
    found = [text for text in state.products.get(code, []) if _matches(text, request.get("Filters", []))]
    first = int(request.get("NextToken", "0"))
    answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": found[first : first + state.page]}
    if first + state.page < len(found):
        answer["NextToken"] = str(first + state.page)
    return 200, answer


def _matches(text: str, filters: list[dict[str, str]]) -> bool:
    try:
        product = json.loads(text)["product"]
        fields = {"productFamily": product["productFamily"], **product["attributes"]}
    except (ValueError, KeyError, TypeError):
        return True  # broken products come with every answer
    return all(f["Type"] == "TERM_MATCH" and fields.get(f["Field"]) == f["Value"] for f in filters)


def product(
    family: str,
    usage: str,
    usd: str,
    *,
    region: str = "eu-west-1",
    zero: bool = False,
    unit: str = "Hrs",
    **attributes: str,
) -> str:
    """A product as the Price List writes it; `zero`: with the line of what a reservation covers."""
    sku = f"SKU{abs(hash((family, usage, usd, region, tuple(attributes.items())))):016d}"[:16]
    term = f"{sku}.JRTCKXETXF"
    dimensions = {
        f"{term}.6YS6EN2CT7": {
            "unit": unit,
            "beginRange": "0",
            "endRange": "Inf",
            "description": f"${usd} per {usage}",
            "appliesTo": [],
            "rateCode": f"{term}.6YS6EN2CT7",
            "pricePerUnit": {"USD": usd},
        }
    }
    if zero:
        dimensions[f"{term}.ZERO"] = {**dimensions[f"{term}.6YS6EN2CT7"], "pricePerUnit": {"USD": "0.0000000000"}}
    reserved = {
        f"{sku}.HU7G6KETJZ": {
            "termAttributes": {
                "LeaseContractLength": "1yr",
                "OfferingClass": "standard",
                "PurchaseOption": "No Upfront",
            },
            "priceDimensions": {
                f"{sku}.HU7G6KETJZ.6YS6EN2CT7": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0010000000"}}
            },
        }
    }
    return json.dumps(
        {
            "product": {
                "productFamily": family,
                "sku": sku,
                "attributes": {"regionCode": region, "usagetype": usage, **attributes},
            },
            "serviceCode": "AmazonEC2",
            "terms": {
                "OnDemand": {
                    term: {
                        "offerTermCode": "JRTCKXETXF",
                        "sku": sku,
                        "effectiveDate": "2026-10-01T00:00:00Z",
                        "priceDimensions": dimensions,
                        "termAttributes": {},
                    }
                },
                "Reserved": reserved,
            },
            "version": "20261014000000",
            "publicationDate": "2026-10-14T00:00:00Z",
        }
    )
