package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Headers of safetensors files: an accepted header describes data inside the file, and all others are refused. */
class SafetensorsFuzzTest {
    private static final List<String> WORDS = List.of("\"F32\"", "\"BF16\"", "\"dtype\"", "\"shape\"",
            "\"data_offsets\"",
            "__metadata__", "{", "}", "[", "]", ",", ":", "\"", "0", "-1", "1.5", "null", "4294967296",
            "9223372036854775807", "18446744073709551616", "1e30", "\"a\":", "\\u0000", "\u0000", " ");

    private static final String HEADER = "{\"__metadata__\":{\"k\":\"v\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[24,26]},"
            + "\"c\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[26,26]}}";

    @TempDir
    private Path folder;

    @Test
    void headersAreReadOrRefused() {
        Fuzz.of(3000).run(List.of(file(HEADER, 26)), WORDS, this::isRead);
        // The length is corrected, so that more changes get as far as the checks of the header's content.
        Fuzz.of(6000).run(List.of(HEADER.getBytes(StandardCharsets.UTF_8)), WORDS, this::isHeaderRead);
    }

    /** The controls: planted faults that only few inputs meet are found. */
    @Test
    void plantedFaultsAreFound() {
        Fuzz.of(3000).requireFinds(List.of(file(HEADER, 26)), WORDS, this::isRead, input -> input.length >= Long.BYTES
                && ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).getLong() > input.length);
        List.of("18446744073709551616", "[-", "\"a\":\"a\":", "{{").forEach(part -> Fuzz.of(6000).requireFinds(
                List.of(HEADER.getBytes(StandardCharsets.UTF_8)), WORDS, this::isHeaderRead,
                input -> new String(input, StandardCharsets.ISO_8859_1).contains(part)));
    }

    @Test
    void millionsOfProblemsAndLongNamesMakeAShortMessage() throws IOException {
        String name = "n".repeat(40_000);
        assertRefused(file("{\"" + name + "\":{\"dtype\":\"" + name + "\",\"shape\":[],\"data_offsets\":[0,0]}}", 0),
                "(40,000 characters)");
        assertRefused(file("{\"a\":{\"" + name + "\":7}}", 0), "needs a dtype");
        assertRefused(file("{\"" + name + "\":7,\"" + name + "\":7}", 0), "Duplicate");
        StringBuilder many = new StringBuilder("{\"a\":7");
        for (int i = 0; i < 200_000; i++) {
            many.append(",\"").append(i).append("\":7");
        }
        assertRefused(file(many + "}", 0), "and 199993 more");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "{`a`:{`dtype`:`F32`,`shape`:[-1],`data_offsets`:[0,4]}} | at least 0",
            "{`a`:{`dtype`:`F32`,`shape`:[4294967296,4294967296],`data_offsets`:[0,0]}} | more than 2^63",
            "{`a`:{`dtype`:`F32`,`shape`:[4611686018427387904],`data_offsets`:[0,0]}} | more than 2^63",
            "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[8,4]}} | which are",
            "{`a`:{`dtype`:`F32`,`shape`:[0],`data_offsets`:[9223372036854775807,9223372036854775807]}} | ends at byte",
            "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,18446744073709551616]}} | whole numbers",
            "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]},`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[4,8]}} | Duplicate",
            "{`a`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[0,4]},`b`:{`dtype`:`F32`,`shape`:[1],`data_offsets`:[2,6]}} | inside of"})
    void whatDoesNotFitIsNamed(String header, String expected) throws IOException {
        assertRefused(file(header.replace('`', '"'), 8), expected);
    }

    @Test
    void depthAndLengthHaveLimits() throws IOException {
        assertRefused(file("{\"a\":" + "[".repeat(1_000_000), 0), "not valid JSON");
        for (long length : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 3}) {
            byte[] bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
            assertRefused(bytes, "is no safetensors file");
        }
        assertRefused(new byte[0], "is no safetensors file");
    }

    private void assertRefused(byte[] content, String expected) throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), content);
        InputException e = assertThrows(InputException.class, () -> SafetensorsFile.open(file).close());
        assertTrue(e.getMessage().contains(expected), e.getMessage());
        requireShort(e.getMessage());
    }

    private static void requireShort(String message) {
        assertTrue(message.length() < 8000 && message.lines().count() <= 10, message);
        assertTrue(message.chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), message);
    }

    private boolean isHeaderRead(byte[] json) throws IOException {
        return isRead(file(new String(json, StandardCharsets.ISO_8859_1), 26));
    }

    private boolean isRead(byte[] content) throws IOException {
        Path path = Files.write(folder.resolve("x.safetensors"), content);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            long bytes = 0;
            for (TensorEntry entry : file.tensors().values()) {
                assertEquals(entry.bytes(), file.data(entry.name()).byteSize());
                bytes += entry.bytes();
            }
            assertTrue(bytes <= content.length);
            return true;
        } catch (InputException e) {
            assertTrue(e.getMessage().contains("x.safetensors"), e.getMessage());
            requireShort(e.getMessage());
            return false;
        }
    }

    private static byte[] file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(Long.BYTES + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json).array();
    }
}
