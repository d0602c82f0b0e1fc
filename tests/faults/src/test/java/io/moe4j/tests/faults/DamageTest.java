package io.moe4j.tests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any change of a checkpoint's files is found, and the newest whole checkpoint is named. */
class DamageTest {
    private static final long SEED = 7;
    private static final int FLIPS = 300;

    @TempDir
    private Path folder;

    private Path older = Path.of("");
    private Path newer = Path.of("");

    @BeforeEach
    void save() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, FileOperations.disk());
        older = new Saved(1, 0).save(store);
        newer = new Saved(2, 0).save(store);
    }

    @Test
    void nothingIsDamaged() {
        CheckpointChoice choice = CheckpointChoice.newest(folder, Set.of(0), 1);
        assertTrue(new Saved(2, 0).isIn(choice.checkpoint()));
        assertEquals(List.of(), choice.damaged());
        assertEquals(10, files(newer).size());
    }

    @Test
    void eachFlippedBitIsFound() throws IOException {
        Random random = new Random(SEED);
        List<Path> files = files(newer);
        for (int i = 0; i < FLIPS; i++) {
            Path file = files.get(i % files.size());
            byte[] bytes = Files.readAllBytes(file);
            byte[] damaged = bytes.clone();
            int at = random.nextInt(bytes.length);
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, damaged);
            requireRefused(file.getFileName() + ", byte " + at + " of " + bytes.length + ", seed " + SEED,
                    String.valueOf(file.getFileName()));
            Files.write(file, bytes);
        }
        assertTrue(new Saved(2, 0).isIn(CheckpointChoice.newest(folder, Set.of(0), 1).checkpoint()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"empty", "half", "one byte less", "one byte more", "zeros", "zero block", "deleted", "folder"})
    void eachChangeOfAFileIsFound(String change) throws IOException {
        for (Path file : files(newer)) {
            byte[] bytes = Files.readAllBytes(file);
            switch (change) {
                case "empty" -> Files.write(file, new byte[0]);
                case "half" -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
                case "one byte less" -> Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
                case "one byte more" -> Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
                case "zeros" -> Files.write(file, new byte[bytes.length]);
                case "zero block" -> {
                    byte[] zeroed = bytes.clone();
                    Arrays.fill(zeroed, bytes.length / 2, bytes.length / 2 + 16, (byte) 0);
                    Files.write(file, zeroed);
                }
                case "deleted" -> Files.delete(file);
                case "folder" -> {
                    Files.delete(file);
                    Files.createDirectory(file);
                }
                default -> throw new IllegalArgumentException(change);
            }
            requireRefused(file.getFileName() + ": " + change, String.valueOf(file.getFileName()));
            Files.deleteIfExists(file);
            Files.write(file, bytes);
        }
    }

    @Test
    void eachFileOfAnotherStepIsFound() throws IOException {
        for (Path file : files(newer)) {
            byte[] bytes = Files.readAllBytes(file);
            Files.copy(older.resolve(file.getFileName()), file, StandardCopyOption.REPLACE_EXISTING);
            String name = String.valueOf(file.getFileName());
            // A whole manifest of another step makes all other files wrong.
            String refused = requireRefused(name + " of another step",
                    name.equals("manifest.jsonl") ? "-of-rank-" : name);
            if (name.contains("moment")) {
                assertTrue(refused.contains("step=1") && refused.contains("step=2"), refused);
            }
            Files.write(file, bytes);
        }
    }

    @Test
    void exchangedMomentsAreFound() throws IOException {
        Path first = newer.resolve("first_moment-of-rank-00002.shard");
        Path second = newer.resolve("second_moment-of-rank-00002.shard");
        byte[] bytes = Files.readAllBytes(first);
        byte[] others = Files.readAllBytes(second);
        Files.write(first, others);
        Files.write(second, bytes);
        requireRefused("exchanged moments", "first_moment-of-rank-00002.shard: ");
    }

    @Test
    void aFolderOfAnotherStepIsFound() throws IOException {
        Files.move(newer, folder.resolve("step-000000009"));
        newer = folder.resolve("step-000000009");
        requireRefused("another name", "step 9 was expected, as the folder's name says, and 2 found");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "[]", "{}", "{\"step\":-1}", "", "\u0000\u0000", "{\"step\":2,\"sequences\":18}"})
    void progressThatIsNoneIsFound(String progress) throws IOException {
        Files.writeString(newer.resolve("progress.json"), progress);
        requireRefused(progress, "progress.json");
    }

    /** Each process compares a share; together they find everything. */
    @Test
    void sharesCoverEverything() throws IOException {
        Path file = newer.resolve("weights-of-rank-00002.shard");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        int refused = 0;
        for (int share = 0; share < 3; share++) {
            try {
                CheckpointChoice.newest(folder, Set.of(share), 3);
            } catch (InputException e) {
                refused++;
            }
        }
        assertEquals(1, refused);
    }

    @Test
    void theNewestWholeOneIsTakenAndTheOthersArePutAside() throws IOException {
        Files.writeString(newer.resolve("progress.json"), "{}");
        CheckpointChoice choice = CheckpointChoice.newestWhole(newer);
        assertTrue(new Saved(1, 0).isIn(choice.checkpoint()));
        assertEquals(List.of(newer), choice.damaged());
        CheckpointStore store = new CheckpointStore(folder, FileOperations.disk());
        assertEquals(folder.resolve("step-000000002.damaged"), store.putAside(newer).orElseThrow());
        assertTrue(store.putAside(newer).isEmpty());
        assertEquals(List.of(older), store.all());
    }

    @Test
    void whereNoneIsWholeTheAdviceIsToBeginAnew() throws IOException {
        Files.writeString(newer.resolve("progress.json"), "{}");
        Files.writeString(older.resolve("progress.json"), "{}");
        String refused = String.valueOf(assertThrows(InputException.class,
                () -> CheckpointChoice.newest(folder, Set.of(0), 1)).getMessage());
        assertTrue(refused.contains("No other checkpoint beside it is whole: begin anew"), refused);
        String none = String.valueOf(assertThrows(InputException.class, () -> CheckpointChoice.newestWhole(folder))
                .getMessage());
        assertTrue(none.contains("is whole, of 2; begin anew"), none);
    }

    /** Other software loads files with this ending, or files with a config.json beside them. */
    @Test
    void aCheckpointIsNotTakenForAModel() {
        for (Path file : files(newer)) {
            String name = String.valueOf(file.getFileName());
            for (String ending : List.of(".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".npz", "config.json",
                    ".index.json")) {
                assertFalse(name.endsWith(ending), name);
            }
        }
    }

    private String requireRefused(String what, String named) {
        InputException refused = assertThrows(InputException.class,
                () -> CheckpointChoice.newest(folder, Set.of(0), 1), what);
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.startsWith(newer + " is damaged: "), what + ": " + message);
        assertTrue(message.contains(named), what + ": " + message);
        assertTrue(message.contains("The newest whole checkpoint is " + older
                + ": add --checkpoint.resume_from newest_whole"), what + ": " + message);
        assertEquals(1, message.lines().count(), what + ": " + message);
        assertEquals(older, CheckpointChoice.newestWhole(folder).checkpoint().folder(), what);
        return message;
    }

    private static List<Path> files(Path checkpoint) {
        try (Stream<Path> files = Files.list(checkpoint)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
