package io.moe4j.trainer.agreement;

import io.moe4j.launch.PlainText;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Facts of a process, such as configuration values and versions, by name, in the order in which they are shown.
 *
 * @param values values by name, such as {@code optimizer.lr} and {@code 0.002}
 */
record Facts(Map<String, String> values) {
    private static final int MOST_BYTES = 1 << 16;

    Facts {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(values.size());
            for (Map.Entry<String, String> each : values.entrySet()) {
                write(out, each.getKey());
                write(out, each.getValue());
            }
        } catch (IOException e) {
            throw new AssertionError("writing to memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    /** Reads the facts of another process; control codes in them are written as text. */
    static Facts decode(byte[] bytes) {
        Map<String, String> values = new LinkedHashMap<>();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                values.put(read(in), read(in));
            }
        } catch (IOException e) {
            throw new IllegalStateException("the facts of another process, " + bytes.length + " bytes, cannot be read: "
                    + e.getMessage() + "; run the same moe4j everywhere", e);
        }
        return new Facts(values);
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, MOST_BYTES);
        out.writeInt(length);
        out.write(bytes, 0, length);
    }

    private static String read(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > MOST_BYTES) {
            throw new IOException("a text of " + length + " bytes; at most " + MOST_BYTES + " are allowed");
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return PlainText.of(new String(bytes, StandardCharsets.UTF_8));
    }
}
