package io.moe4j.tests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.tests.faults.DiskState.Cut;
import io.moe4j.tests.faults.SimulatedDisk.Killed;
import io.moe4j.tests.faults.SimulatedDisk.Operation;
import io.moe4j.tests.contract.Thoroughness;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run saves, replaces and removes checkpoints; it is cut before each of its file operations. The newest checkpoint is then the last one that was
 * complete, or the one that was being saved, in every bit.
 */
class CutTest {
    private static final long SEED = 20261128;
    private static final int KEPT = 2;
    /** A step is saved and replaced, and removed after the next step. */
    private static final List<Saved> FAILING_RUN = List.of(new Saved(3, 0), new Saved(3, 1), new Saved(4, 0));

    @TempDir
    private Path folder;

    /** The checkpoints that were complete at an operation. */
    private record Complete(int operation, Saved saved) {}

    /** A run of four steps, of which the third is saved twice, as after an overflow. */
    private static List<Saved> run() {
        return List.of(new Saved(1, 0), new Saved(2, 0), new Saved(3, 0), new Saved(3, 1), new Saved(4, 0));
    }

    @ParameterizedTest
    @EnumSource(Cut.class)
    void afterEachCutTheNewestCheckpointIsWhole(Cut cut) throws IOException {
        Path root = Files.createDirectory(folder.resolve("run"));
        SimulatedDisk disk = SimulatedDisk.sound();
        CheckpointStore store = new CheckpointStore(root.resolve("checkpoints"), disk);
        List<Complete> complete = new ArrayList<>();
        for (Saved each : run()) {
            each.save(store);
            complete.add(new Complete(disk.done().size(), each));
            store.keepLatest(KEPT);
        }
        List<Operation> all = disk.done();
        assertTrue(all.size() > 150, () -> "only " + all.size() + " operations were seen");
        Random random = new Random(SEED);
        int tries = cut == Cut.SOME_LEFT ? Thoroughness.of(1, 3) : 1;
        // Many operations change nothing of what a cut leaves: a folder that was read with the same expectations is not read again.
        Set<List<Object>> read = new HashSet<>();
        for (int last = 0; last <= all.size(); last++) {
            DiskState state = new DiskState(root);
            state.apply(all.subList(0, last));
            for (int i = 0; i < tries; i++) {
                Map<String, ByteBuffer> content = state.left(cut, random);
                if (!read.add(List.of(content, before(complete, last), after(complete, last)))) {
                    continue;
                }
                Path left = folder.resolve("left");
                DiskState.write(content, left);
                requireWhole(left.resolve("checkpoints"), complete, last,
                        cut + " before operation " + last + " of " + all.size() + " ("
                                + (last < all.size() ? all.get(last) : "none") + "), try " + i + ", seed " + SEED);
                remove(left);
            }
        }
        assertTrue(read.size() > 10, () -> "only " + read.size() + " different folders");
    }

    /** The work of a start is cut too, before each of its operations; the next start completes it. */
    @Test
    void aStartThatIsCutLosesNothing() throws IOException {
        Path root = Files.createDirectory(folder.resolve("run"));
        SimulatedDisk disk = SimulatedDisk.sound();
        CheckpointStore store = new CheckpointStore(root.resolve("checkpoints"), disk);
        for (Saved each : run().subList(0, 4)) {
            each.save(store);
        }
        List<Operation> all = disk.done();
        int replaced = lastRename(all, ".old");
        for (int last : List.of(replaced - 3, replaced + 1, replaced + 2, replaced + 3, replaced + 5, replaced + 8)) {
            for (int sweep = 0; sweep < 20; sweep++) {
                DiskState state = new DiskState(root);
                state.apply(all.subList(0, last));
                Path left = Files.createDirectory(folder.resolve("left"));
                state.leave(Cut.PROCESS_KILLED, new Random(SEED), left);
                Path checkpoints = left.resolve("checkpoints");
                try {
                    new CheckpointStore(checkpoints, SimulatedDisk.killedBefore(sweep)).sweep();
                } catch (Killed e) {
                    // This is expected: the run was cut.
                }
                requireWhole(checkpoints, List.of(new Complete(0, new Saved(3, 0)),
                        new Complete(all.size(), new Saved(3, 1))), last,
                        "killed before operation " + last + ", then before operation " + sweep + " of the start");
                remove(left);
            }
        }
    }

    /** An operation fails, and the process goes on: complete checkpoints stay, the next saving works, and no unfinished files remain. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void afterEachFailureTheNewestCheckpointIsWhole(boolean fullFromThenOn) throws IOException {
        // What fails from an operation on is what fails there alone, and more of the same: a third of the operations shows it.
        int stride = fullFromThenOn ? Thoroughness.of(3, 1) : 1;
        for (int failing = 0, seen = Integer.MAX_VALUE; failing < seen; failing += stride) {
            int index = failing;
            Path root = Files.createDirectory(folder.resolve("run"));
            boolean[] full = {true};
            SimulatedDisk disk = new SimulatedDisk((at, operation) -> {
                boolean writes = operation instanceof Operation.Write || operation instanceof Operation.Create
                        || operation instanceof Operation.MakeFolder;
                if (full[0] && (at == index || (fullFromThenOn && at > index && writes))) {
                    throw new IOException(fullFromThenOn ? "No space left on device" : "Input/output error");
                }
            });
            CheckpointStore store = new CheckpointStore(root.resolve("checkpoints"), disk);
            List<Complete> complete = new ArrayList<>();
            for (Saved each : FAILING_RUN) {
                try {
                    each.save(store);
                    complete.add(new Complete(0, each));
                } catch (IOException e) {
                    String message = String.valueOf(e.getMessage());
                    assertTrue(message.contains("No space") || message.contains("Input/output"), message);
                } catch (UncheckedIOException e) {
                    assertTrue(String.valueOf(e.getCause()).contains("o"), e.toString());
                }
                store.keepLatest(1);
            }
            String what = "failure of operation " + index + (fullFromThenOn ? " and all that write after it" : "");
            if (!complete.isEmpty()) {
                // A checkpoint whose last force failed is in place too.
                Saved newest = complete.getLast().saved;
                requireNewest(root.resolve("checkpoints"), newest,
                        FAILING_RUN.subList(FAILING_RUN.indexOf(newest), FAILING_RUN.size()), what);
            }
            full[0] = false;
            Saved after = new Saved(5, 0);
            after.save(store);
            store.keepLatest(KEPT);
            requireWhole(root.resolve("checkpoints"), List.of(new Complete(0, after)), 0, what);
            seen = disk.seen();
            remove(root);
        }
    }

    @Test
    void aReplacedCheckpointCountsUntilTheNewOneIsInPlace() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, FileOperations.disk());
        new Saved(3, 0).save(store);
        Files.move(folder.resolve("step-000000003"), folder.resolve("step-000000003.old"));
        assertEquals(List.of(folder.resolve("step-000000003.old")), store.all());
        assertTrue(new Saved(3, 0).isIn(CheckpointChoice.newest(folder, Set.of(0), 1).checkpoint()));
        // The path that was reported before still works.
        assertTrue(new Saved(3, 0)
                .isIn(CheckpointChoice.newest(folder.resolve("step-000000003"), Set.of(0), 1).checkpoint()));
        store.sweep();
        assertEquals(List.of(folder.resolve("step-000000003")), store.all());
    }

    @Test
    void whatIsLeftOfARemovalIsNoCheckpoint() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, FileOperations.disk());
        new Saved(3, 0).save(store);
        Path old = Files.move(folder.resolve("step-000000003"), folder.resolve("step-000000003.old"));
        Files.delete(old.resolve("second_moment-of-rank-00000.shard"));
        Files.createDirectories(folder.resolve("step-000000007.part/inside"));
        Files.createDirectories(folder.resolve("step-000000001.gone"));
        Files.createDirectories(folder.resolve("step-000000002.damaged"));
        store.sweep();
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("step-000000002.damaged")), left.toList());
        }
    }

    @Test
    void aCheckpointThatCannotBeRemovedDoesNotEndTheRun() throws IOException {
        SimulatedDisk disk = new SimulatedDisk((index, operation) -> {
            if (operation instanceof Operation.Rename(Path from, Path to) && to.toString().endsWith(".gone")) {
                throw new IOException("Permission denied");
            }
        });
        CheckpointStore store = new CheckpointStore(folder.resolve("checkpoints"), disk);
        for (int step = 1; step <= 3; step++) {
            new Saved(step, 0).save(store);
            store.keepLatest(1);
        }
        assertEquals(3, store.all().size());
        CheckpointStore later = new CheckpointStore(folder.resolve("checkpoints"), FileOperations.disk());
        later.keepLatest(1);
        assertEquals(List.of(later.place(3)), later.all());
    }

    @Test
    void stepsAreOrderedByNumber() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, FileOperations.disk());
        for (long step : List.of(999_999_999L, 1_000_000_000L, 2L)) {
            new Saved(step, 0).save(store);
        }
        Files.createDirectory(folder.resolve("step-99999999999999999999999999"));
        assertEquals(Optional.of(store.place(1_000_000_000L)), store.newest());
        assertEquals(store.place(2L), store.all().getFirst());
    }

    private static int lastRename(List<Operation> all, String ending) {
        for (int i = all.size() - 1; i >= 0; i--) {
            if (all.get(i) instanceof Operation.Rename(Path from, Path to) && to.toString().endsWith(ending)) {
                return i;
            }
        }
        throw new AssertionError("nothing was renamed to " + ending);
    }

    private static Optional<Saved> before(List<Complete> complete, int last) {
        return complete.stream().filter(each -> each.operation <= last).reduce((a, b) -> b).map(Complete::saved);
    }

    private static List<Saved> after(List<Complete> complete, int last) {
        return complete.stream().filter(each -> each.operation > last).map(Complete::saved).limit(1).toList();
    }

    /** After a start: the newest checkpoint is the last complete one or a later one, and nothing else is left. */
    private static void requireWhole(Path checkpoints, List<Complete> complete, int last, String what)
            throws IOException {
        Optional<Saved> before = before(complete, last);
        List<Saved> after = after(complete, last);
        if (before.isPresent()) {
            // The checkpoint that a reader finds, also without a start.
            requireNewest(checkpoints, before.get(), after, what + ", before the start");
        }
        new CheckpointStore(checkpoints, FileOperations.disk()).sweep();
        if (before.isPresent()) {
            requireNewest(checkpoints, before.get(), after, what);
        }
        if (Files.isDirectory(checkpoints)) {
            try (Stream<Path> all = Files.list(checkpoints)) {
                assertEquals(List.of(), all.map(each -> String.valueOf(each.getFileName()))
                        .filter(name -> name.contains(".")).toList(), what);
            }
        }
    }

    private static void requireNewest(Path checkpoints, Saved before, List<Saved> orOneOf, String what) {
        StoredCheckpoint newest;
        try {
            newest = CheckpointChoice.newest(checkpoints, Set.of(0), 1).checkpoint();
        } catch (RuntimeException e) {
            throw new AssertionError(what, e);
        }
        assertTrue(before.isIn(newest) || orOneOf.stream().anyMatch(each -> each.isIn(newest)),
                () -> what + ": the newest is " + newest.progress() + ", and " + before + " was complete");
    }

    private static void remove(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
