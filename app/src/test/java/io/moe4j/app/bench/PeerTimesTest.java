package io.moe4j.app.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerTimesTest {
    private static final String GOOD = "{'device': 'H200', 'shape': {'dim': 256, 'torch': '2.11'},"
            + " 'parts': [{'name': 'swiglu', 'median_s': 2e-4, 'by': 'Triton'}, {'name': 'plan', 'median_s': 1}]}";

    @TempDir
    private Path folder;

    @Test
    void timesAreFoundByName() throws IOException {
        PeerTimes peers = PeerTimes.read(file(GOOD));
        assertEquals(Optional.of(new PeerTimes.Time(2e-4, "Triton")), peers.of("swiglu"));
        assertEquals(Optional.of(new PeerTimes.Time(1, "peer")), peers.of("plan"));
        assertEquals(Optional.empty(), peers.of("combine"));
        // What only one of the two names is not compared.
        peers.check(Map.of("device", "NVIDIA H200 (cuda:0)", "dim", 256L, "calls", 10), List.of("swiglu", "other"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"H100 | 256 | swiglu | measure both on one device",
            "H200 | 2048 | swiglu | has dim 256, and here it is 2048", "H200 | 256 | attention | none in common"})
    void whatWasMeasuredElsewhereIsRefused(String device, long dim, String part, String expected) throws IOException {
        PeerTimes peers = PeerTimes.read(file(GOOD));
        says(expected, () -> peers.check(Map.of("device", device, "dim", dim), List.of(part)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"',
            value = {"{'device': 'H200', | is not JSON", "[] | parts", "{'device': 'H200', 'shape': {'a': 1}} | parts",
                    "{'device': 'H200', 'parts': [{'name': 'a', 'median_s': 1}]} | a shape",
                    "{'device': 'H200', 'shape': {'a': 1}, 'parts': [{'name': 'a', 'median_s': 0}]} | median_s above 0",
                    "{'device': 'H200', 'shape': {'a': 1}, 'parts': [{'name': 'a'}]} | median_s above 0",
                    "{'device': 'H200', 'shape': {'a': 1}, 'parts': [{'median_s': 1}]} | a name"})
    void whatIsNoPeersFileIsRefused(String text, String expected) throws IOException {
        Path file = file(text);
        says(expected, () -> PeerTimes.read(file));
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        says("none.json does not exist", () -> PeerTimes.read(folder.resolve("none.json")));
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("peers.json"), text.replace('\'', '"'));
    }

    private static void says(String expected, Runnable action) {
        String message = assertThrows(InputException.class, action::run).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
