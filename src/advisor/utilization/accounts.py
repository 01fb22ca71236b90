"""Sessions in the AWS accounts that a bill names, and what to say where one of them cannot be asked.

Credentials come from boto3's own chain (environment, profile, instance role) and go nowhere else: no message of this
module repeats what a server or boto3 said, only the error's code. boto3 is imported when a session is needed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError, ConfigError
from advisor.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import boto3
    from botocore.config import Config
    from botocore.session import Session as BotocoreSession

ATTEMPTS = 6
"""How often a request is sent before its failure counts; boto3 waits longer each time, and slows down when throttled."""

CONNECT_SECONDS, READ_SECONDS = 10, 60
NAMED = 5
"""Accounts that a message names before it counts the others."""

ACCOUNT = re.compile(r"^\d{12}$")
REGION = re.compile(r"^([a-z]{2}(?:-[a-z]+)+-\d{1,2})[a-z]?$")
"""A region, or an availability zone of it: bills know both."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
INVALID = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "MissingAuthenticationToken",
        "NotSignedUp",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
THROTTLED = frozenset(
    {
        "LimitExceeded",
        "LimitExceededFault",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsOptions:
    """How to ask AWS about resources.

    `role` is assumed in every account but the caller's own: its name, or an ARN in which {account_id} stands for the
    account, or the ARN of one account's role. `endpoint_url` is of CloudWatch, EC2 and STS together. `max_cost_usd`
    is the most that the queries of one run may cost; `max_workers` the calls under way at once.
    """

    profile: str = ""
    role: str = ""
    external_id: str = field(default="", repr=False)
    region: str = ""
    endpoint_url: str = field(default="", repr=False)  # might hold a password
    max_cost_usd: float = 1.0
    max_workers: int = 4


def region_of(text: str) -> str:
    """The region in `text` (a region or one of its zones), or '' where there is none.

    >>> region_of("eu-central-1b"), region_of("us-gov-west-1"), region_of("global")
    ('eu-central-1', 'us-gov-west-1', '')
    """
    found = REGION.match(text)
    return found[1] if found else ""


def sessions(account_ids: Iterable[str], options: AwsOptions) -> tuple[dict[str, boto3.Session], list[Problem]]:
    """A session for each account that can be entered, by account id, and problems that name the others.

    Asks STS who the caller is, and assumes the role once per account. Raises ConfigError for options that cannot be
    used, and AdvisorError where there are no valid credentials at all.
    """
    try:
        import boto3
        import botocore.session
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise ConfigError(
            "CloudWatch", why="cannot be asked without boto3", fix="Install it: pip install 'advisor[metrics]'."
        ) from error
    if options.external_id and not options.role:
        raise ConfigError(
            "CloudWatch", why="has an external id, but no role to assume with it", fix="Name the role, or drop the id."
        )
    try:
        base = botocore.session.Session(profile=options.profile or None)
        caller = boto3.Session(botocore_session=base, region_name=options.region or None)
        region = caller.region_name or "us-east-1"  # STS only: the resources have regions of their own
        identity = caller.client(
            "sts", region_name=region, endpoint_url=options.endpoint_url or None, config=client_config()
        ).get_caller_identity()
    except (BotoCoreError, ClientError, ValueError) as error:
        problem = explained(error, "AWS", options)
        raise AdvisorError(problem.what, why=problem.why, fix=problem.fix) from error
    own, partition = identity["Account"], identity["Arn"].split(":")[1]
    found: dict[str, boto3.Session] = {}
    refused: list[Problem] = []
    unreachable = []
    for account_id in sorted(set(account_ids)):
        role_arn = _role_arn(options.role, account_id, partition)
        if account_id == own:
            found[account_id] = caller
        elif not role_arn:
            unreachable.append(account_id)
        else:
            try:
                found[account_id] = _assumed(base, role_arn, region, options)
            except (BotoCoreError, ClientError) as error:
                refused.append(explained(error, f"AWS account {account_id}", options))
    return found, [*_unreachable(unreachable, own, options), *merged(refused)]


def client_config() -> Config:
    """Time limits and patience of every client."""
    from botocore.config import Config

    return Config(
        retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        user_agent_extra="advisor",
    )


def explained(error: Any, what: str, options: AwsOptions) -> Problem:
    """The Problem for what boto3 raised while `what` was asked."""
    code = re.sub(r"[^A-Za-z0-9.]", "", str(getattr(error, "response", {}).get("Error", {}).get("Code", "")))[:60]
    operation = getattr(error, "operation_name", "")
    if operation.startswith("AssumeRole"):
        return Problem(
            what=what,
            why=f"the role {options.role or 'of the AWS configuration'} cannot be assumed ({code})",
            fix="Allow the caller sts:AssumeRole; the role's trust policy must name caller and external id.",
        )
    if code in EXPIRED:
        return Problem(
            what=what,
            why=f"the AWS credentials have expired ({code})",
            fix="Log in again (aws sso login), then run it again.",
        )
    if code in INVALID and operation == "GetCallerIdentity":
        return Problem(
            what=what,
            why=f"the AWS credentials are not valid ({code})",
            fix="Check the profile or the AWS_ variables of the environment with aws sts get-caller-identity.",
        )
    if code in INVALID or code == "OptInRequired":
        return Problem(
            what=what,
            why=f"does not accept the credentials ({code}): the region may not be enabled in that account",
            fix="Enable the region in the account, or leave its metrics out.",
        )
    if code in DENIED:
        action = f"{_service(operation)}:{operation}" if operation else "the call"
        return Problem(
            what=what, why=f"access is denied: {action} ({code})", fix=f"Allow {action} to the role or user that asks."
        )
    if code in THROTTLED:
        return Problem(
            what=what,
            why=f"{operation} was throttled {ATTEMPTS} times ({code})",
            fix="Run it again later: days that have arrived are not asked for again.",
        )
    if code:
        return Problem(
            what=what, why=f"answers {operation} with an error ({code})", fix="Run it again later, or report it."
        )
    return _failed(error, what, options)


def _failed(error: Any, what: str, options: AwsOptions) -> Problem:
    """The Problem for what went wrong on our side of the connection."""
    kind = type(error).__name__
    if isinstance(error, ValueError):  # boto3's word for an endpoint that is no URL
        return Problem(
            what=what, why="has an endpoint or region that is none", fix="Write the endpoint as https://host:port."
        )
    if kind == "ProfileNotFound":
        return Problem(
            what=f"profile {options.profile or os.environ.get('AWS_PROFILE', '')}",
            why="is not in the AWS configuration",
            fix="Correct its name: aws configure list-profiles shows them.",
        )
    if kind == "ConfigParseError":
        return Problem(
            what="AWS configuration", why="cannot be parsed", fix="Correct ~/.aws/config and ~/.aws/credentials."
        )
    if "SSO" in kind or "Token" in kind or "Login" in kind:
        return Problem(
            what=what, why=f"the AWS login has expired or is missing ({kind})", fix="Log in again: aws sso login."
        )
    if "Credential" in kind:
        return Problem(
            what=what,
            why=f"no AWS credentials were found ({kind})",
            fix="Name a profile, log in (aws sso login), or set the AWS_ variables in the environment.",
        )
    return Problem(what=what, why=f"does not answer ({kind})", fix="Check network, proxy, region and endpoint.")


def merged(problems: Iterable[Problem]) -> list[Problem]:
    """`problems` with those that only differ in what they are about made one."""
    groups = Counter((p.why, p.fix, p.incomplete) for p in problems)
    result = []
    for why, fix, incomplete in groups:
        names = [p.what for p in problems if (p.why, p.fix, p.incomplete) == (why, fix, incomplete)]
        result.append(Problem(what=named(list(dict.fromkeys(names))), why=why, fix=fix, incomplete=incomplete))
    return result


def named(names: list[str]) -> str:
    """The first of `names`, and how many more there are.

    >>> named(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _unreachable(account_ids: list[str], own: str, options: AwsOptions) -> list[Problem]:
    if not account_ids:
        return []
    why = "is another role's account" if options.role else f"the credentials are of account {own}, and no role is named"
    return [
        Problem(
            what=f"AWS account {named(account_ids)}",
            why=f"cannot be asked: {why}",
            fix="Name a role that exists in every account, or its ARN with {account_id} in it.",
        )
    ]


def _role_arn(role: str, account_id: str, partition: str) -> str:
    """The role to assume in an account, or '' where there is none."""
    if not role:
        return ""
    if not role.startswith("arn:"):
        return f"arn:{partition}:iam::{account_id}:role/{role}"
    arn = role.replace("{account_id}", account_id)
    return arn if arn.split(":")[4:5] == [account_id] else ""


def _assumed(base: BotocoreSession, role_arn: str, region: str, options: AwsOptions) -> boto3.Session:
    """A session of the role, which is assumed now, and anew before it expires."""
    import boto3
    import botocore.session
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import NoCredentialsError

    credentials = base.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(
        partial(base.create_client, region_name=region, endpoint_url=options.endpoint_url or None),
        credentials,
        role_arn,
        extra_args={
            "RoleSessionName": "advisor",
            **({"ExternalId": options.external_id} if options.external_id else {}),
        },
    )

    class AssumedRole(CredentialProvider):
        METHOD = "assume-role"

        def load(self) -> DeferredRefreshableCredentials:
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    inner = botocore.session.Session(profile=options.profile or None)
    # Every session would parse boto3's service models anew, which takes longer than all the rest.
    inner.register_component("data_loader", base.get_component("data_loader"))
    inner.register_component("credential_provider", CredentialResolver([AssumedRole()]))
    session = boto3.Session(botocore_session=inner, region_name=region)
    held = session.get_credentials()
    if held is not None:
        held.get_frozen_credentials()  # a refusal should come here, not once per region
    return session


def _service(operation: str) -> str:
    return "ec2" if operation.startswith("Describe") else "sts" if operation == "GetCallerIdentity" else "cloudwatch"
