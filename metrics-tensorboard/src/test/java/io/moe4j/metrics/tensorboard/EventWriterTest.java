package io.moe4j.metrics.tensorboard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is read back by a reader of the test's own, apart from the writer. For TensorBoard's: {@code build-support/check-tensorboard.py}. */
class EventWriterTest {
    private static final Instant TIME = Instant.ofEpochSecond(1_700_000_000, 500_000_000);

    @TempDir
    private Path folder;

    /** The checksum of nine digits is the one that RFC 3720's polynomial is known by. */
    @Test
    void theReadersChecksumIsRight() {
        assertEquals(0xE3069283, crc32c("123456789".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void stepsAreReadBack() throws IOException {
        Path path;
        try (EventWriter events = EventWriter.open(folder.resolve("a/b"), TIME, 0)) {
            path = events.path();
            events.step(1, TIME).scalar("train/loss", 7.25).scalar("größe", -0.5).write();
            events.step(1L << 40, TIME.plusSeconds(2)).scalar("train/loss", Double.POSITIVE_INFINITY).write();
        }
        assertEquals("events.out.tfevents.1700000000.moe4j.0", path.getFileName().toString());
        assertEquals(List.of("1.7000000005E9 0 version brain.Event:2", "1.7000000005E9 1 train/loss=7.25 größe=-0.5",
                "1.7000000025E9 1099511627776 train/loss=Infinity"), read(path));
    }

    @Test
    void aContinuedRunSaysWhereItGoesOn() throws IOException {
        EventWriter.open(folder, TIME, 0).close();
        try (EventWriter events = EventWriter.open(folder, TIME, 41)) {
            assertEquals("events.out.tfevents.1700000000.moe4j.1", events.path().getFileName().toString());
            assertEquals(List.of("1.7000000005E9 0 version brain.Event:2", "1.7000000005E9 42 start"),
                    read(events.path()));
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void aByteThatChangedIsFoundByTheReader() throws IOException {
        Path path;
        try (EventWriter events = EventWriter.open(folder, TIME, 0)) {
            path = events.path();
            events.step(1, TIME).scalar("a", 1).write();
        }
        byte[] bytes = Files.readAllBytes(path);
        bytes[bytes.length - 6] ^= 1;
        Files.write(path, bytes);
        assertThrows(AssertionError.class, () -> read(path));
    }

    private static List<String> read(Path path) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        List<String> events = new ArrayList<>();
        while (file.hasRemaining()) {
            byte[] length = new byte[8];
            file.get(length);
            assertEquals(unmasked(file.getInt()), crc32c(length), "checksum of a length");
            byte[] data = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
            file.get(data);
            assertEquals(unmasked(file.getInt()), crc32c(data), "checksum of a record");
            events.add(event(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)));
        }
        return events;
    }

    private static int unmasked(int checksum) {
        int rotated = checksum - 0xa282ead8;
        return rotated >>> 17 | rotated << 15;
    }

    /** Bit by bit, unlike the JDK's. */
    private static int crc32c(byte[] data) {
        int crc = ~0;
        for (byte each : data) {
            crc ^= each & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82F63B78;
            }
        }
        return ~crc;
    }

    private static String event(ByteBuffer in) {
        StringBuilder text = new StringBuilder();
        while (in.hasRemaining()) {
            switch ((int) varint(in)) {
                case 1 << 3 | 1 -> text.append(in.getDouble());
                case 2 << 3 -> text.append(' ').append(varint(in));
                case 3 << 3 | 2 -> text.append(" version ").append(string(in));
                case 5 << 3 | 2 -> summary(part(in), text);
                case 7 << 3 | 2 -> {
                    ByteBuffer log = part(in);
                    assertEquals(1 << 3, varint(log));
                    assertEquals(1, varint(log));
                    text.append(" start");
                }
                default -> throw new AssertionError("an unknown field of an event");
            }
        }
        return text.toString();
    }

    private static void summary(ByteBuffer in, StringBuilder text) {
        while (in.hasRemaining()) {
            assertEquals(1 << 3 | 2, varint(in));
            ByteBuffer value = part(in);
            assertEquals(1 << 3 | 2, varint(value));
            text.append(' ').append(string(value)).append('=');
            assertEquals(2 << 3 | 5, varint(value));
            text.append(value.getFloat());
        }
    }

    private static String string(ByteBuffer in) {
        return StandardCharsets.UTF_8.decode(part(in)).toString();
    }

    private static ByteBuffer part(ByteBuffer in) {
        int length = (int) varint(in);
        ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + length);
        return part;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0;; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
