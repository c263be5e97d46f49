"""A mail server on loopback with a certificate made on the spot.

    mail_server.py FOLDER MANNER

Leaves the authority's certificate as FOLDER/authority.pem. MANNER is `starttls` (no mail before STARTTLS), `tls` (from the
first byte), `plain` (no TLS at all) or `other-name` (as `starttls`, with a certificate for somebody else). Never answers for a
recipient that begins with `hangs`. Prints one line of JSON: {"port": ...}, then one for each recipient that hangs and one for
each message that it took, read back by Python's own parser; FOLDER/taken is then there.
"""

import asyncio
import datetime
import email
import email.policy
import ipaddress
import json
import pathlib
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder, manner = pathlib.Path(sys.argv[1]), sys.argv[2]
# It warns that STARTTLS without authentication is unusual.
warnings.simplefilter("ignore")


def certificate(name, names, issuer=None, issuer_key=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    # TLS goes by the machine's clock, not by the test's.
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


authority, authority_key = certificate("Test authority", [])
if manner == "other-name":
    names = [x509.DNSName("elsewhere.example")]
else:
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
own, own_key = certificate("Test server", names, authority, authority_key)
(folder / "server.pem").write_bytes(
    own_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    + pem(own)
)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "server.pem")
(folder / "authority.pem").write_bytes(pem(authority))


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("hangs"):
            say({"hangs": address})
            await asyncio.Event().wait()
        envelope.rcpt_tos.append(address)
        return "250 go on"

    async def handle_DATA(self, server, session, envelope):
        (folder / "taken").touch()
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tls = server.transport.get_extra_info("ssl_object")
        say(
            {
                "tls": tls and tls.version(),
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "headers": {name.lower(): str(value) for name, value in message.items()},
                "parts": [
                    {"type": part.get_content_type(), "content": part.get_content()}
                    for part in message.iter_parts()
                ],
                "raw": envelope.content.decode("latin-1"),
            }
        )
        return "250 taken"


def session():
    if manner in ("starttls", "other-name"):
        return SMTP(Handler(), hostname="localhost", tls_context=context, require_starttls=True)
    return SMTP(Handler(), hostname="localhost")


async def main():
    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", 0, ssl=context if manner == "tls" else None
    )
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
