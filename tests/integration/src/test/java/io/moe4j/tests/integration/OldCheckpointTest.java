package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A checkpoint that moe4j 0.1 wrote, of two processes with two ranks each, is continued; one that is damaged is refused. */
class OldCheckpointTest {
    private static final List<String> PARTS = List.of("model", "first_moment", "second_moment");

    @TempDir
    private Path folder;

    private Path old = Path.of("");

    @BeforeEach
    void copy() throws IOException, URISyntaxException {
        URL resource = Objects.requireNonNull(
                OldCheckpointTest.class.getResource("checkpoint-0.1/step-000000002/progress.json"));
        old = Files.createDirectories(folder.resolve("old/step-000000002"));
        try (Stream<Path> files = Files.list(Objects.requireNonNull(Path.of(resource.toURI()).getParent()))) {
            for (Path file : files.toList()) {
                Files.copy(file, old.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void itIsContinuedAndSavedAgainWithTheSameBits() {
        try (TrainingRun run = Tiny.openSmallest("checkpoint.resume=" + old)) {
            assertEquals(2, run.stepsDone());
            Path saved = run.save(folder.resolve("new"));
            for (int i = 0; i < PARTS.size(); i++) {
                Map<String, byte[]> now = tensors(
                        saved.resolve(List.of("weights", "first_moment", "second_moment").get(i)
                                + "-of-rank-00000.shard"));
                String part = PARTS.get(i);
                Map<String, byte[]> before = tensors(old.resolve(part + "-from-rank-0.safetensors"));
                before.putAll(tensors(old.resolve(part + "-from-rank-2.safetensors")));
                assertEquals(elements(now), elements(before), part);
                before.forEach((name, bytes) -> {
                    int range = name.indexOf('[');
                    String whole = range < 0 ? name : name.substring(0, range);
                    int from = range < 0 ? 0 : Integer.parseInt(name.substring(range + 1, name.indexOf(':')));
                    byte[] all = Objects.requireNonNull(now.get(whole), whole);
                    byte[] there = Arrays.copyOfRange(all, 4 * from, 4 * from + bytes.length);
                    assertArrayEquals(bytes, there, part + " " + name);
                });
            }
            assertTrue(run.step().loss() > 0);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    null | a JSON object was expected
                    {} | as "ranks", and there is none
                    { | cannot be read
                    {"step":-2,"sequences":16,"seed":42,"ranks":4} | "step", and -2 was found
                    {"step":2,"sequences":-16,"seed":42,"ranks":4} | "sequences", and -16 was found
                    {"step":2,"sequences":16,"seed":42,"ranks":0} | "ranks", and 0 was found
                    {"step":2e0,"sequences":16,"seed":42,"ranks":4} | "step", and 2.0 was found
                    {"step":99999999999999999999,"sequences":16,"seed":42,"ranks":4} | "step", and 99999999999999999999 was found
                    {"step":3,"sequences":16,"seed":42,"ranks":4} | step 2 was expected, as the folder's name says, and 3 found
                    """)
    void progressThatIsNoneIsRefused(String progress, String told) throws IOException {
        Files.writeString(old.resolve("progress.json"), progress);
        requireRefused(told);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[4,3]}} | more than 2^63
            {"x":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}} | lacks
            {"x[0:99999999999999999999]":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | the range in its name
            {"x[3:1]":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | the range in its name
            {"x":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}} | elements of I32
            """)
    void tensorsThatNoCheckpointHasAreRefused(String header, String told) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        byte[] file = Arrays.copyOf(ByteBuffer.allocate(8 + json.length)
                .order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array(),
                8 + json.length + (header.contains("[0,4]") ? 4 : 0));
        Files.write(old.resolve("first_moment-from-rank-2.safetensors"), file);
        requireRefused(told);
    }

    @Test
    void aFileThatIsMissingIsNamed() throws IOException {
        Files.delete(old.resolve("model-from-rank-2.safetensors"));
        requireRefused("lacks");
        Files.delete(old.resolve("model-from-rank-0.safetensors"));
        requireRefused("model.safetensors: a file was expected");
    }

    private void requireRefused(String told) {
        InputException refused = assertThrows(InputException.class,
                () -> Tiny.openSmallest("checkpoint.resume=" + old).close());
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.contains(told), message);
        assertEquals(1, message.lines().count(), message);
    }

    private static long elements(Map<String, byte[]> tensors) {
        return tensors.values().stream().mapToLong(bytes -> bytes.length).sum();
    }

    private static Map<String, byte[]> tensors(Path path) {
        Map<String, byte[]> tensors = new HashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            file.tensors().keySet()
                    .forEach(name -> tensors.put(name, file.data(name).toArray(ValueLayout.JAVA_BYTE)));
        }
        return tensors;
    }
}
