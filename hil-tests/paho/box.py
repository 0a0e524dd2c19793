"""A box that trusts a Python client's memory: paho-mqtt, QoS 1, its own queue, its own reconnects.

usage: python box.py PORT TOPIC REST
       REST: an alarm's payload behind its record, in hexadecimal

Publishes an alarm for every line on its standard input and says of each, once paho has taken it, that it was
handed over. Simulated, for scripts/soak --compare: what most people would write in an afternoon.
"""

import sys
import time

import paho.mqtt.client as mqtt

VERSION, ALARM = 1, 1


def varint(value: int) -> bytes:
    """postcard's: seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def main(port: int, topic: str, rest: bytes) -> None:
    boot = int(time.time())
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "paho-box", protocol=mqtt.MQTTv5)
    client.reconnect_delay_set(1, 2)
    client.connect_async("127.0.0.1", port, keepalive=5)
    client.loop_start()
    for number, _ in enumerate(sys.stdin, 1):
        payload = bytes([VERSION, ALARM]) + varint(boot) + varint(number) + rest
        client.publish(topic, payload, qos=1)
        print(f"alarm handed over boot={boot} number={number}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3]))
