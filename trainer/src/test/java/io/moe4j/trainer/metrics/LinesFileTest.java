package io.moe4j.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.data.DataCounts;
import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.ForwardingFileOperations;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines of a run survive a disk that is full for a while, and the run does not end because of it. */
final class LinesFileTest {
    @TempDir
    private Path folder;

    /** The disk has room for some bytes: of a line that does not fit, it takes a part. */
    private static final class SmallDisk extends ForwardingFileOperations {
        private long room;

        SmallDisk(long room) {
            super(FileOperations.disk());
            this.room = room;
        }

        @Override
        public RandomAccessOutput create(Path file) throws IOException {
            if (room == 0) {
                throw new IOException("No space left on device");
            }
            RandomAccessOutput real = super.create(file);
            return new RandomAccessOutput() {
                @Override
                public void write(ByteBuffer bytes, long position) throws IOException {
                    int fits = (int) Math.min(bytes.remaining(), room - position);
                    real.write(bytes.slice(bytes.position(), fits), position);
                    if (fits < bytes.remaining()) {
                        throw new IOException("No space left on device");
                    }
                }

                @Override
                public void force() throws IOException {
                    real.force();
                }

                @Override
                public void close() throws IOException {
                    real.close();
                }
            };
        }
    }

    /** A continued run writes the lines that it keeps anew: where they do not fit, they stay as they are, and nothing else stays. */
    @Test
    void aFileThatCannotBeginIsToldWithTheRemedyAndIsAsItWas() throws IOException {
        Path file = Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\":1}\n{\"step\":2}\n");
        String refused = assertThrows(InputException.class, () -> LinesFile.begin(file, 2, new SmallDisk(15)))
                .getMessage();
        assertTrue(refused.startsWith(file + " cannot be written (No space left on device; "), refused);
        assertTrue(
                refused.endsWith(
                        "see that there is room and that you may write there, or choose another folder for the run"),
                refused);
        assertEquals("{\"step\":1}\n{\"step\":2}\n", Files.readString(file));
        try (Stream<Path> all = Files.list(folder)) {
            assertEquals(List.of(file), all.toList());
        }
    }

    @Test
    void linesWaitUntilThereIsRoom() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        SmallDisk disk = new SmallDisk(25);
        try (LinesFile lines = LinesFile.begin(file, 0, disk)) {
            lines.add(Map.of("step", 1));
            lines.add(Map.of("step", 2));
            assertEquals("{\"step\":1}\n{\"step\":2}\n", Files.readString(file), "control: both fit");
            lines.add(Map.of("step", 3));
            lines.add(Map.of("step", 4));
            lines.force();
            assertEquals("{\"step\":1}\n{\"step\":2}\n{\"s", Files.readString(file), "a part of the third");
            disk.room = 1000;
            lines.add(Map.of("step", 5));
            assertEquals(List.of("{\"step\":1}", "{\"step\":2}", "{\"step\":3}", "{\"step\":4}", "{\"step\":5}"),
                    Files.readAllLines(file));
        }
    }

    @Test
    void closingTriesOnceMore() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        SmallDisk disk = new SmallDisk(15);
        try (LinesFile lines = LinesFile.begin(file, 0, disk)) {
            lines.add(Map.of("step", 1));
            lines.add(Map.of("step", 2));
            disk.room = 1000;
        }
        assertEquals(List.of("{\"step\":1}", "{\"step\":2}"), Files.readAllLines(file));
        LinesFile full = LinesFile.begin(file, 1, new SmallDisk(11));
        full.add(Map.of("step", 2));
        full.close();
        assertEquals(List.of("{\"step\":1}"), Files.readAllLines(file));
    }

    /** Of more than fits into memory, the oldest lines are lost. */
    @Test
    void whatWaitsIsBounded() throws IOException {
        Path file = folder.resolve("layers.jsonl");
        SmallDisk disk = new SmallDisk(1);
        String half = "x".repeat(LinesFile.MOST_WAITING_BYTES / 2);
        try (LinesFile lines = LinesFile.begin(file, 0, disk)) {
            for (int step = 1; step <= 3; step++) {
                lines.add(Map.of("text", half + step));
            }
            disk.room = Integer.MAX_VALUE;
        }
        List<String> left = Files.readAllLines(file);
        assertEquals(1, left.size());
        assertTrue(left.getFirst().endsWith("3\"}"));
    }

    /** The file of checkpoints begins with the first saving, in the middle of a run, when the disk may be full already. */
    @Test
    void aFileThatBeginsLaterWaitsToo() throws IOException {
        Path file = folder.resolve("checkpoints.jsonl");
        SmallDisk disk = new SmallDisk(0);
        try (CheckpointsFile checkpoints = new CheckpointsFile(file, 0, disk)) {
            checkpoints.saved(saved(10));
            disk.room = 10_000;
            checkpoints.saved(saved(20));
        }
        assertEquals(2, Files.readAllLines(file).size(), Files.readString(file));
    }

    /** Before the first step nothing is lost: a folder that cannot be written ends the run. */
    @Test
    void whatCannotBeginIsRefused() {
        Path file = folder.resolve("metrics.jsonl");
        String refused = assertThrows(InputException.class, () -> LinesFile.begin(file, 0, new SmallDisk(0)))
                .getMessage();
        assertTrue(refused.startsWith(file + " cannot be written (No space left on device; "), refused);
    }

    /** A power cut may leave bytes that are no text: the lines of other steps are kept, byte for byte. */
    @Test
    void aDamagedLineIsLeftOut() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        byte[] good = "{\"step\":1,\"sources\":{\"größe\":1}}\n".getBytes(StandardCharsets.UTF_8);
        byte[] all = ByteBuffer.allocate(good.length + 12).put(good)
                .put("{\"step\":2,".getBytes(StandardCharsets.UTF_8))
                .put((byte) 0xff).put((byte) '\n').array();
        Files.write(file, all);
        try (LinesFile lines = LinesFile.begin(file, 2, FileOperations.disk())) {
            lines.add(Map.of("step", 3));
        }
        assertEquals(List.of("{\"step\":1,\"sources\":{\"größe\":1}}", "{\"step\":3}"), Files.readAllLines(file));
    }

    /** A closed file fails like a full disk. */
    @Test
    void curvesThatCannotBeWrittenDoNotEndTheRun() {
        TensorBoardFile curves = TensorBoardFile.open(folder, 0);
        curves.close();
        assertDoesNotThrow(() -> curves
                .made(new StepResult(1, 2, 1, 1e-3, Instant.EPOCH, 512, 2, 100, 1e12, 0.1, 1024, 0.1, 0, true, 0, 9, 0,
                        200, 0, DataCounts.NONE, List.of(), List.of())));
        assertDoesNotThrow(curves::saving);
    }

    private SaveResult saved(long step) {
        return new SaveResult(step, folder, 1, 0.1, 0.1, Optional.of("the disk is full"), List.of(), 1);
    }
}
