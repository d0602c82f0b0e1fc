package io.moe4j.metrics.tensorboard;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * One {@code tensorflow.Event} on the wire: {@code double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5;
 * SessionLog session_log = 7}. A summary is {@code repeated Value value = 1}, a value {@code string tag = 1; float simple_value = 2}, and a session log
 * {@code SessionStatus status = 1}, where 1 is START.
 */
final class EventMessage {
    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED_32 = 5;
    private static final int START = 1;

    private final ByteArrayOutputStream event = new ByteArrayOutputStream();
    private final ByteArrayOutputStream summary = new ByteArrayOutputStream();

    private EventMessage() {}

    static EventMessage of(Instant time, long step) {
        EventMessage message = new EventMessage();
        key(message.event, 1, FIXED_64);
        fixed(message.event, Double.doubleToRawLongBits(time.getEpochSecond() + time.getNano() / 1e9), Long.BYTES);
        key(message.event, 2, VARINT);
        varint(message.event, step);
        return message;
    }

    EventMessage version(String version) {
        bytes(event, 3, version.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Marks the start or continuation of a run at this event's step. */
    EventMessage sessionStart() {
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        key(log, 1, VARINT);
        varint(log, START);
        bytes(event, 7, log.toByteArray());
        return this;
    }

    void scalar(String tag, float value) {
        ByteArrayOutputStream one = new ByteArrayOutputStream();
        bytes(one, 1, tag.getBytes(StandardCharsets.UTF_8));
        key(one, 2, FIXED_32);
        fixed(one, Float.floatToRawIntBits(value), Integer.BYTES);
        bytes(summary, 1, one.toByteArray());
    }

    byte[] bytes() {
        if (summary.size() > 0) {
            bytes(event, 5, summary.toByteArray());
            summary.reset();
        }
        return event.toByteArray();
    }

    private static void key(ByteArrayOutputStream out, int field, int type) {
        varint(out, (long) field << 3 | type);
    }

    private static void bytes(ByteArrayOutputStream out, int field, byte[] value) {
        key(out, field, BYTES);
        varint(out, value.length);
        out.writeBytes(value);
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static void fixed(ByteArrayOutputStream out, long bits, int count) {
        for (int i = 0; i < count; i++) {
            out.write((int) (bits >>> (8 * i)));
        }
    }
}
