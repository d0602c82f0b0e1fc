package io.moe4j.data;

import io.moe4j.api.host.WholeFile;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/** A small text file with a {@code key=value} in each line, and a checksum in the last. It is replaced as a whole, so that it is never seen half-written. */
final class Records {
    private static final long LARGEST = 64 << 20;
    private static final String CHECKSUM = "crc32c";

    private final Path path;
    private final Map<String, String> values = new LinkedHashMap<>();

    Records(Path path) {
        this.path = path;
    }

    static Records read(Path path) {
        Records records = new Records(path);
        try {
            if (Files.size(path) > LARGEST) {
                throw records.damaged("has " + Files.size(path) + " bytes");
            }
            String text = Files.readString(path);
            int last = text.lastIndexOf('\n', Math.max(0, text.length() - 2)) + 1;
            if (!text.substring(last).equals(CHECKSUM + "=" + checksum(text.substring(0, last)) + "\n")) {
                throw records.damaged("does not end with the checksum of its lines");
            }
            for (String line : text.substring(0, last).lines().toList()) {
                int sign = line.indexOf('=');
                records.values.put(line.substring(0, Math.max(0, sign)), line.substring(sign + 1));
            }
            return records;
        } catch (IOException e) {
            throw new InputException(
                    path + " cannot be read (" + Shown.fileProblem(e) + "); restore it, or make the folder again with"
                            + " moe4j tokenize",
                    e);
        }
    }

    void put(String key, long value) {
        put(key, String.valueOf(value));
    }

    void put(String key, String value) {
        if (value.chars().anyMatch(c -> c < ' ')) {
            throw new IllegalArgumentException(key + " must be one line: " + Shown.of(value));
        }
        values.put(key, value);
    }

    String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw damaged("has no \"" + key + "\"");
        }
        return value;
    }

    long count(String key) {
        String value = text(key);
        if (!value.matches("[0-9]{1,18}")) {
            throw damaged("has \"" + key + "\" = \"" + Shown.of(value) + "\", where a whole number is expected");
        }
        return Long.parseLong(value);
    }

    InputException damaged(String problem) {
        return new InputException(
                path + " is damaged: it " + problem + "; restore it, or make the folder again with moe4j"
                        + " tokenize");
    }

    void write() {
        StringBuilder text = new StringBuilder();
        values.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        String sum = checksum(text.toString());
        text.append(CHECKSUM).append('=').append(sum).append('\n');
        try {
            WholeFile.write(path, text.toString());
        } catch (IOException e) {
            throw new InputException(
                    path + " cannot be written (" + Shown.fileProblem(e) + "); make room, or give another folder", e);
        }
    }

    private static String checksum(String text) {
        CRC32C sum = new CRC32C();
        sum.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%08x", sum.getValue());
    }
}
