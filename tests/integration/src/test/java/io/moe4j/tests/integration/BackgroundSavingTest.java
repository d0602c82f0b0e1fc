package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.ForwardingFileOperations;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import io.moe4j.trainer.run.CheckpointFailedException;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that are written while later steps are made, and what happens to a run if that fails. */
@Timeout(60)
class BackgroundSavingTest {
    private static final String TWO_RANKS = "ranks=2 parallelism.data_parallel_shard_degree=2"
            + " parallelism.expert_parallel_degree=2";
    private static final String COPY = "checkpoint being saved";
    private static final String EACH_STEP = "checkpoint.enable=true checkpoint.interval=1";

    @TempDir
    private Path folder;

    private Path output = Path.of("");
    private final Told told = new Told();

    @BeforeEach
    void make() throws IOException {
        output = Files.createDirectory(folder.resolve("run"));
    }

    /** The checkpoint of step 3 is not written before step 4 is made, and has the bytes that a run writes which waits for it. */
    @ParameterizedTest
    @ValueSource(strings = {"ranks=4", "optimizer.offload=true optimizer.offload_chunk_bytes=4096",
            "optimizer.name=muon",
            "parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=1",
            "training.dtype=bfloat16 training.parameter_dtype=bfloat16 optimizer.state_dtype=bfloat16"
                    + " optimizer.parameter_rounding=stochastic"})
    void laterStepsDoNotChangeWhatIsWritten(String overrides) throws IOException {
        String saved = overrides + " checkpoint.enable=true checkpoint.interval=3 training.steps=5";
        Path waiting = Files.createDirectory(folder.resolve("waiting"));
        List<Double> losses;
        try (TrainingRun run = open(waiting, FileOperations.disk(), saved + " checkpoint.background=false")) {
            losses = Tiny.losses(run);
        }
        CountDownLatch later = new CountDownLatch(1);
        FileOperations disk = new Disk(path -> {
            if (path.toString().contains("step-000000003.part/weights")) {
                await(later);
            }
        }, path -> {});
        List<Double> beside = new ArrayList<>();
        try (TrainingRun run = open(output, disk, saved)) {
            for (int step = 1; step <= 4; step++) {
                beside.add(run.step(told).loss());
            }
            assertEquals(List.of(), steps());
            assertEquals(List.of(), told.results);
            later.countDown();
            beside.add(run.step(told).loss());
        }
        assertEquals(losses, beside);
        assertEquals(List.of(3L, 5L), steps());
        assertEquals(List.of("saved 3", "saved 5"), told.shown());
        for (String step : List.of("checkpoints/step-000000003", "checkpoints/step-000000005")) {
            List<Path> files = tensorsAndProgress(waiting.resolve(step));
            assertEquals(4, files.size());
            for (Path each : files) {
                assertArrayEquals(Files.readAllBytes(each),
                        Files.readAllBytes(output.resolve(step).resolve(each.getFileName())), each.toString());
            }
            StoredCheckpoint.open(output.resolve(step)).verify();
        }
        SaveResult first = told.results.getFirst();
        assertTrue(first.heldSeconds() <= first.writtenSeconds(), first.toString());
    }

    @Test
    void aFailedSavingIsToldAndCountedAndTheRunGoesOn() {
        FileOperations disk = new Disk(failing("step-000000002.part"), path -> {});
        try (TrainingRun run = open(output, disk, EACH_STEP + " training.steps=4")) {
            while (run.hasNext()) {
                run.step(told);
            }
        }
        assertEquals(List.of("saved 1", "failed 2", "saved 3", "saved 4"), told.shown());
        String problem = told.results.get(1).problem().orElseThrow();
        assertTrue(problem.contains("weights-of-rank-00000.shard cannot be created: the disk is full"), problem);
        assertEquals(List.of(0, 1, 1, 1), told.results.stream().map(SaveResult::failures).toList());
        assertEquals(List.of(1L, 3L, 4L), steps());
    }

    /** If there is no earlier checkpoint, the first saving is tried again at once; a run that cannot be saved at all ends. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theFirstSavingIsTriedTwice(boolean background) {
        AtomicInteger left = new AtomicInteger(1);
        FileOperations once = new Disk(path -> {
            if (path.toString().contains("weights") && left.getAndDecrement() > 0) {
                throw new IOException("the disk is full");
            }
        }, path -> {});
        String saved = " checkpoint.enable=true checkpoint.interval=2 training.steps=8 checkpoint.background="
                + background;
        try (TrainingRun run = open(output, once, saved)) {
            while (told.results.size() < 2) {
                run.step(told);
            }
            assertEquals("failed 2", told.shown().getFirst());
            long second = told.results.get(1).step();
            assertTrue(told.results.get(1).isSaved() && second >= 2, told.shown().toString());
            assertEquals(List.of(second), steps());
            assertTrue(run.hasNext());
        }
        told.results.clear();
        Path never = folder.resolve("never");
        try (TrainingRun run = open(never, new Disk(failing("weights"), path -> {}), saved)) {
            String message = String.valueOf(assertThrows(CheckpointFailedException.class, () -> {
                while (run.hasNext()) {
                    run.step(told);
                }
            }).getMessage());
            assertTrue(message.contains("the disk is full") && message.contains("It was tried twice; the run ends now"),
                    message);
            assertEquals(List.of("failed 2", "failed " + run.stepsDone()), told.shown());
            // The trained weights are still in memory, and can be saved elsewhere.
            assertTrue(assertThrows(CheckpointFailedException.class, () -> run.save(folder.resolve("elsewhere")))
                    .getMessage().contains("the disk is full"));
        }
    }

    @Test
    void theLastStepIsSavedOrTheRunFails() {
        try (TrainingRun run = open(output, new Disk(failing("step-000000003.part"), path -> {}),
                EACH_STEP + " training.steps=3")) {
            String message = String.valueOf(assertThrows(CheckpointFailedException.class, () -> {
                while (run.hasNext()) {
                    run.step(told);
                }
            }).getMessage());
            assertTrue(message.contains("the run has made its last step") && message.endsWith(
                    "The newest checkpoint is " + output.resolve("checkpoints/step-000000002").toAbsolutePath()),
                    message);
        }
        assertEquals(List.of("saved 1", "saved 2", "failed 3", "failed 3"), told.shown());
    }

    @Test
    void anOldCheckpointThatCannotBeRemovedIsTold() {
        FileOperations disk = new Disk(path -> {}, failing("step-000000001.gone"));
        try (TrainingRun run = open(output, disk, EACH_STEP + " training.steps=3 checkpoint.keep_latest_k=1")) {
            while (run.hasNext()) {
                run.step(told);
            }
        }
        assertEquals(List.of("saved 1", "saved 2", "saved 3"), told.shown());
        assertEquals(List.of(0, 1, 0), told.results.stream().map(result -> result.notRemoved().size()).toList());
        assertTrue(told.results.get(1).notRemoved().getFirst().contains("the disk is full"));
        assertEquals(List.of(3L), steps());
    }

    /** The next saving copies the state while the one before removes an old checkpoint, and writes when that has ended. */
    @Test
    void theRemovalOfAnOldCheckpointHoldsNoStepUp() {
        CountDownLatch later = new CountDownLatch(1);
        AtomicBoolean removing = new AtomicBoolean();
        FileOperations disk = new Disk(path -> {
            if (path.toString().contains("step-000000003.part")) {
                assertFalse(removing.get(), "step 3 is written while step 1 is removed");
            }
        }, path -> {
            if (path.toString().contains("step-000000001.gone") && !removing.getAndSet(true)) {
                await(later);
                removing.set(false);
            }
        });
        try (TrainingRun run = open(output, disk, EACH_STEP + " training.steps=4 checkpoint.keep_latest_k=1")) {
            run.step(told);
            run.step(told);
            // Step 3 is copied when step 2 is durable, even while step 1 is still being removed.
            run.step(told);
            assertEquals(List.of("saved 1"), told.shown());
            later.countDown();
            run.step(told);
        }
        assertEquals(List.of("saved 1", "saved 2", "saved 3", "saved 4"), told.shown());
        assertEquals(List.of(4L), steps());
    }

    @Test
    void aRunThatIsClosedFinishesTheCheckpointThatIsBeingWritten() {
        CountDownLatch closing = new CountDownLatch(1);
        FileOperations disk = new Disk(path -> await(closing), path -> {});
        try (TrainingRun run = open(output, disk, EACH_STEP + " training.steps=3")) {
            run.step(told);
            Thread.ofVirtual().start(closing::countDown);
        }
        assertEquals(List.of(1L), steps());
        StoredCheckpoint.open(output.resolve("checkpoints/step-000000001")).verify();
    }

    /** One of two processes has a disk that fails once: both processes learn it, go on, and get the same outcomes. */
    @Test
    void processesAgreeWhetherASavingHasSucceeded() throws Exception {
        ThreadRendezvous rendezvous = ThreadRendezvous.of(2, Duration.ofSeconds(30));
        List<Told> both = List.of(new Told(), new Told());
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<?>> runs = IntStream.range(0, 2).<Future<?>>mapToObj(rank -> threads.submit(() -> {
                FileOperations disk = rank == 0 ? FileOperations.disk()
                        : new Disk(failing("step-000000002.part"), path -> {});
                try (TrainingRun run = Tiny.openWith(new RankLaunch(2, List.of(rank), 0, rendezvous),
                        options -> options.withOutput(output).withFiles(disk),
                        all(TWO_RANKS + " " + EACH_STEP + " training.steps=3"))) {
                    while (run.hasNext()) {
                        run.step(both.get(rank));
                    }
                    return run.lastSaved().orElseThrow();
                }
            })).toList();
            for (Future<?> each : runs) {
                each.get();
            }
        }
        for (Told each : both) {
            assertEquals(List.of("saved 1", "failed 2", "saved 3"), each.shown());
            assertTrue(each.results.get(1).problem().orElseThrow().contains("weights-of-rank-00001.shard"));
        }
        assertEquals(List.of(1L, 3L), steps());
        StoredCheckpoint.open(output.resolve("checkpoints/step-000000003")).verify();
    }

    @Test
    void theCopyIsInThePlanAndARunWithoutRoomForItWaits() {
        try (TrainingRun run = open(output, FileOperations.disk(), EACH_STEP + " training.steps=1")) {
            long planned = run.session().memoryPlan().allocated().getOrDefault(COPY, 0L);
            // Parameters and both moments, in single precision; the plan is of rank 0, which has the experts' biases too.
            long state = run.session().onRanks(rank -> rank.model().units().stream()
                    .mapToLong(unit -> 12 * unit.shard().elements()).sum()).getFirst();
            assertTrue(planned >= state && planned < state + state / 4, planned + " bytes for a state of " + state);
            long held = run.session().devices().get(0).allocatedBytes().getOrDefault(COPY, 0L);
            assertTrue(held > 3 * planned && held <= 4 * planned, held + " bytes, where a rank has " + planned);
        }
        Rendezvous small = new LittleRoom(ThreadRendezvous.of(4, Duration.ofSeconds(30)));
        try (TrainingRun run = Tiny.openWith(new RankLaunch(4, List.of(0, 1, 2, 3), 0, small),
                options -> options.withOutput(folder.resolve("small")), all(EACH_STEP + " training.steps=2"))) {
            assertFalse(run.session().devices().get(0).allocatedBytes().containsKey(COPY));
            run.step(told);
            assertEquals(List.of("saved 1"), told.shown());
            SaveResult result = told.results.getFirst();
            assertTrue(result.heldSeconds() >= result.writtenSeconds(), result.toString());
        }
    }

    private static TrainingRun open(Path output, FileOperations disk, String overrides) {
        return Tiny.openWith(options -> options.withOutput(output).withFiles(disk), all(overrides));
    }

    private static String[] all(String overrides) {
        return overrides.strip().split(" +");
    }

    private List<Long> steps() {
        return new CheckpointStore(output.resolve("checkpoints"), FileOperations.disk()).all().stream()
                .map(each -> Long.parseLong(String.valueOf(each.getFileName()).substring("step-".length()))).toList();
    }

    /** Digests of pieces, and the manifest that has theirs, depend on which rank's thread was first. */
    private static List<Path> tensorsAndProgress(Path checkpoint) throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            return files.filter(each -> each.toString().endsWith(".shard") || each.endsWith("progress.json")).sorted()
                    .toList();
        }
    }

    private static Action failing(String part) {
        return path -> {
            if (path.toString().contains(part)) {
                throw new IOException("the disk is full");
            }
        };
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The results of savings, as a listener received them. */
    private static final class Told implements StepListener {
        private final List<SaveResult> results = new ArrayList<>();

        @Override
        public void made(StepResult step) {}

        @Override
        public void saved(SaveResult result) {
            results.add(result);
        }

        List<String> shown() {
            return results.stream().map(result -> (result.isSaved() ? "saved " : "failed ") + result.step()).toList();
        }
    }

    /** An action before an operation on a path. */
    @FunctionalInterface
    private interface Action {
        void before(Path path) throws IOException;
    }

    /** A disk on which something happens before a file is created or deleted. */
    private static final class Disk extends ForwardingFileOperations {
        private final Action create;
        private final Action delete;

        Disk(Action create, Action delete) {
            super(FileOperations.disk());
            this.create = create;
            this.delete = delete;
        }

        @Override
        public RandomAccessOutput create(Path file) throws IOException {
            create.before(file);
            return super.create(file);
        }

        @Override
        public void delete(Path path) throws IOException {
            delete.before(path);
            super.delete(path);
        }
    }

    /** A host that reports hardly any free memory. */
    private record LittleRoom(Rendezvous real) implements Rendezvous {
        @Override
        public List<byte[]> exchange(Group group, String key, byte[] mine) {
            return real.exchange(group, key, mine).stream().map(told -> key.equals("room for checkpoints")
                    ? new String(told, StandardCharsets.UTF_8).replaceFirst(" [0-9]+ ", " 1000 ")
                            .getBytes(StandardCharsets.UTF_8)
                    : told).toList();
        }

        @Override
        public void fail(RankFailure failure) {
            real.fail(failure);
        }

        @Override
        public Optional<RankFailure> failure() {
            return real.failure();
        }
    }
}
