package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.ForwardingFileOperations;
import io.moe4j.trainer.run.NonFiniteException;
import io.moe4j.trainer.run.OutputLostException;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a run saves itself, when it must not, and what it reports. */
class SavingTest {
    private static final String ENABLED = "checkpoint.enable=true";
    private static final List<String> EXPLODES = List.of("optimizer.lr=1e38", "optimizer.weight_decay=1e3",
            "lr_scheduler.warmup_steps=0");

    @TempDir
    private Path folder;

    private Path output = Path.of("");

    @BeforeEach
    void make() throws IOException {
        output = Files.createDirectory(folder.resolve("run"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStepIsToldBeforeItsCheckpointCounts(boolean background) {
        List<String> order = new ArrayList<>();
        StepListener listener = new StepListener() {
            @Override
            public void made(StepResult step) {
                order.add("step " + step.step() + ", saved " + stepsUntil(step.step()));
            }

            @Override
            public void saving() {
                order.add("saving, saved " + stepsUntil(3));
            }

            @Override
            public void saved(SaveResult result) {
                assertTrue(SavingTest.this.saved().contains(result.step()));
                order.add("told of " + result.step());
            }

            // While a checkpoint is written beside the steps, it may count at any time from the step after its own.
            private String stepsUntil(long step) {
                return String.valueOf(background && step == 3 ? "2 or none" : SavingTest.this.saved());
            }
        };
        try (TrainingRun run = open(ENABLED, "checkpoint.interval=2", "training.steps=3",
                "checkpoint.background=" + background)) {
            while (run.hasNext()) {
                run.step(listener);
            }
            assertEquals(3, run.lastSaved().orElseThrow().step());
        }
        if (background) {
            assertEquals(List.of("step 1, saved []", "step 2, saved []", "saving, saved 2 or none",
                    "step 3, saved 2 or none", "saving, saved 2 or none", "told of 2", "told of 3"), order);
        } else {
            assertEquals(List.of("step 1, saved []", "step 2, saved []", "saving, saved []", "told of 2",
                    "step 3, saved [2]", "saving, saved [2]", "told of 3"), order);
        }
        assertEquals(List.of(2L, 3L), saved());
    }

    @Test
    void aStopOnValuesThatAreNotFiniteSavesWhereCheckpointsAreEnabled() {
        try (TrainingRun run = open(ENABLED, "training.steps=2")) {
            run.step();
            poison(run, Float.MAX_VALUE);
            NonFiniteException refused = assertThrows(NonFiniteException.class, run::step);
            String message = String.valueOf(refused.getMessage());
            assertTrue(message.startsWith("step 2: loss "), message);
            assertTrue(message.endsWith("continue it with --checkpoint.resume "
                    + output.resolve("checkpoints/step-000000001").toAbsolutePath()), message);
        }
        assertEquals(List.of(1L), saved());
    }

    @Test
    void whereCheckpointsAreNotEnabledNothingIsSaved() {
        try (TrainingRun run = open("training.steps=2")) {
            run.step();
            poison(run, Float.MAX_VALUE);
            String message = String.valueOf(assertThrows(NonFiniteException.class, run::step).getMessage());
            assertTrue(message.endsWith("nothing was saved, since checkpoint.enable is false"), message);
        }
        try (TrainingRun run = open("moe.receive_capacity=1.0", "moe.on_overflow=fail")) {
            String message = String.valueOf(assertThrows(RuntimeException.class, () -> Tiny.losses(run)).getMessage());
            assertTrue(message.endsWith("nothing was saved, since checkpoint.enable is false"), message);
        }
        assertFalse(Files.exists(output.resolve("checkpoints")));
    }

    @Test
    void infiniteWeightsAreNotSaved() {
        List<String> overrides = new ArrayList<>(EXPLODES);
        overrides.addAll(List.of(ENABLED, "training.steps=1"));
        try (TrainingRun run = open(overrides.toArray(String[]::new))) {
            RuntimeException refused = assertThrows(RuntimeException.class, run::step);
            assertTrue(String.valueOf(refused.getMessage()).contains("is not finite: element "), refused.toString());
        }
        assertEquals(List.of(), saved());
    }

    @Test
    void theFirstCauseIsShownAlsoWhenSavingFails() {
        FileOperations full = new Failing("No space left on device");
        try (TrainingRun run = Tiny.openWith(options -> options.withOutput(output).withFiles(full), ENABLED,
                "moe.receive_capacity=1.0", "moe.on_overflow=fail")) {
            String message = String.valueOf(assertThrows(RuntimeException.class, () -> Tiny.losses(run)).getMessage());
            assertTrue(message.contains("was to receive"), message);
            assertTrue(message.contains("; saving the run failed as well: "), message);
            assertTrue(message.contains("No space left on device"), message);
        }
    }

    @Test
    void whereSavingFailsInAContinuedRunTheContinuedCheckpointAndTheSizesAreTold() {
        try (TrainingRun run = open(ENABLED, "training.steps=2")) {
            Tiny.losses(run);
        }
        FileOperations full = new Failing("No space left on device");
        try (TrainingRun run = Tiny.openWith(options -> options.withOutput(output).withFiles(full), ENABLED,
                "training.steps=3", "checkpoint.resume=" + output)) {
            String message = String.valueOf(assertThrows(RuntimeException.class, () -> Tiny.losses(run)).getMessage());
            assertTrue(message.endsWith("The newest checkpoint is "
                    + output.resolve("checkpoints/step-000000002").toAbsolutePath()), message);
            assertTrue(message.contains(". The tensors that this process writes take ")
                    && message.contains(" were free there before. "), message);
        }
    }

    @Test
    void aFolderThatVanishesEndsTheRunAndTheRunIsSaved() throws IOException {
        List<Double> whole;
        try (TrainingRun run = Tiny.open()) {
            whole = Tiny.losses(run);
        }
        try (TrainingRun run = open(ENABLED)) {
            run.step();
            remove(output);
            OutputLostException lost = assertThrows(OutputLostException.class, run::step);
            assertTrue(String.valueOf(lost.getMessage()).contains(output + " was removed or replaced"),
                    lost.toString());
            assertTrue(String.valueOf(lost.getMessage()).contains("--checkpoint.resume"), lost.toString());
            assertFalse(run.hasNext());
        }
        assertEquals(List.of(2L), saved());
        try (TrainingRun run = open("checkpoint.resume=" + output)) {
            assertEquals(whole.subList(2, whole.size()), Tiny.losses(run));
        }
    }

    @Test
    void aCheckpointFolderThatVanishesInTheLastStepIsNoticed() {
        CountDownLatch durable = new CountDownLatch(1);
        Path checkpoints = output.resolve("checkpoints");
        FileOperations disk = new ForwardingFileOperations(FileOperations.disk()) {
            @Override
            public void forceFolder(Path folder) throws IOException {
                super.forceFolder(folder);
                if (folder.equals(checkpoints) && !saved().isEmpty()) {
                    durable.countDown();
                }
            }
        };
        try (TrainingRun run = Tiny.openWith(options -> options.withOutput(output).withFiles(disk), ENABLED,
                "checkpoint.interval=1", "training.steps=2")) {
            run.step();
            assertThrows(OutputLostException.class, () -> run.step(step -> {
                try {
                    // The checkpoint of step 1 is written beside step 2. One that vanishes before it is durable counts as not saved, and not as lost.
                    assertTrue(durable.await(20, TimeUnit.SECONDS));
                    remove(checkpoints);
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            }));
        }
    }

    @Test
    void damageIsRefusedAndTheNewestWholeOneContinued() throws IOException {
        List<Double> whole;
        try (TrainingRun run = open(ENABLED, "checkpoint.interval=2")) {
            whole = Tiny.losses(run);
        }
        Path damaged = output.resolve("checkpoints/step-000000006/weights-of-rank-00000.shard");
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[bytes.length - 5] ^= 4;
        Files.write(damaged, bytes);
        String refused = String.valueOf(assertThrows(InputException.class,
                () -> open(ENABLED, "checkpoint.resume=" + output).close()).getMessage());
        assertTrue(refused.contains("weights-of-rank-00000.shard"), refused);
        assertTrue(refused.contains("step-000000004: add --checkpoint.resume_from newest_whole"), refused);
        // A run that begins anew is refused with advice that works.
        String other = String.valueOf(assertThrows(InputException.class, () -> open(ENABLED).close()).getMessage());
        assertTrue(other.contains("--checkpoint.resume_from newest_whole"), other);
        try (TrainingRun run = open(ENABLED, "checkpoint.resume=" + output, "checkpoint.resume_from=newest_whole")) {
            assertEquals(4, run.stepsDone());
            assertEquals(whole.subList(4, 6), Tiny.losses(run));
        }
        assertTrue(Files.isDirectory(output.resolve("checkpoints/step-000000006.damaged")));
        assertEquals(List.of(2L, 4L, 6L), saved());
    }

    @Test
    void aRequeuedJobBeginsAnewAtItsFirstStart() throws IOException {
        List<Double> whole;
        try (TrainingRun run = Tiny.open("training.steps=4")) {
            whole = Tiny.losses(run);
        }
        List<Double> losses = new ArrayList<>();
        Files.delete(output);
        for (int start = 0; start < 2; start++) {
            try (TrainingRun run = open(ENABLED, "training.steps=4", "checkpoint.resume=" + output)) {
                losses.add(run.step().loss());
                run.requestStop();
                losses.add(run.step().loss());
            }
        }
        assertEquals(whole, losses);
        assertThrows(InputException.class, () -> Tiny.open("checkpoint.resume=" + folder.resolve("none")).close());
    }

    /** 24 sequences of 16 tokens and a label are 408 tokens, and 12.36 sequences of 32 and a label. */
    @Test
    void anotherSequenceLengthGoesOnNearTheSamePlace() {
        List<Long> read = new ArrayList<>();
        try (TrainingRun run = open()) {
            for (int i = 0; i < 3; i++) {
                run.step();
            }
            run.save(folder.resolve("saved"));
        }
        Tiny.DataOf data = config -> (rank, sequences) -> {
            synchronized (read) {
                read.add(sequences);
            }
            return Tiny.sequences(config).open(rank, sequences);
        };
        try (TrainingRun run = Tiny.open(data, "training.seq_len=32", "checkpoint.resume=" + folder.resolve("saved"))) {
            assertEquals(3, run.stepsDone());
        }
        assertEquals(List.of(12L, 12L, 12L, 12L), read);
    }

    @Test
    void anOutputFolderThatIsNotSharedIsRefusedAtTheStart() throws IOException, InterruptedException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path other = Files.createDirectory(folder.resolve("other"));
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<?> first = threads.submit(() -> openApart(port, 0, output));
            Future<?> second = threads.submit(() -> openApart(port, 2, other));
            for (Future<?> each : List.of(first, second)) {
                ExecutionException failed = assertThrows(ExecutionException.class, each::get);
                InputException refused = assertInstanceOf(InputException.class, failed.getCause());
                String message = String.valueOf(refused.getMessage());
                assertTrue(message.contains("rank 2 does not see it in " + other), message);
                assertTrue(message.contains("rank 3 does not see it in " + other), message);
                assertTrue(message.contains("the same --output"), message);
            }
        }
        try (Stream<Path> left = Files.list(output)) {
            assertEquals(List.of(), left.toList());
        }
    }

    private static void openApart(int port, int first, Path output) {
        RankEnvironment environment = RankEnvironment.process("a test", 4, List.of(first, first + 1), first,
                new Endpoint("127.0.0.1", port));
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.none(),
                Duration.ofSeconds(20));
                TrainingRun run = Tiny.openWith(new RankLaunch(4, environment.localRanks(), 0, rendezvous),
                        options -> options.withOutput(output), ENABLED)) {
            run.step();
        }
    }

    private TrainingRun open(String... overrides) {
        return Tiny.openWith(options -> options.withOutput(output), overrides);
    }

    private List<Long> saved() {
        return new CheckpointStore(output.resolve("checkpoints"), FileOperations.disk()).all().stream()
                .map(each -> Long.parseLong(String.valueOf(each.getFileName()).substring("step-".length()))).toList();
    }

    private static void poison(TrainingRun run, float value) {
        run.session().onRanks(rank -> {
            rank.model().units().stream().filter(unit -> unit.name().equals("layers.1")).forEach(unit -> unit
                    .write(unit.shard(), (parameter, from, into, count) -> Arrays.fill(into, 0, count, value)));
            return rank;
        });
    }

    private static void remove(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    /** A disk on which no file can be created. */
    private static final class Failing extends ForwardingFileOperations {
        private final String message;

        Failing(String message) {
            super(FileOperations.disk());
            this.message = message;
        }

        @Override
        public RandomAccessOutput create(Path file) throws IOException {
            throw new IOException(message);
        }
    }
}
