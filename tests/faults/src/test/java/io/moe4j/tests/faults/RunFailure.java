package io.moe4j.tests.faults;

import io.moe4j.tests.faults.SimulatedDisk.Operation;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/** The disk of a run is full, or fails, from some operation on; the run is continued on a sound disk. */
final class RunFailure implements FaultKind {
    private static final int STEPS = 3;
    private final boolean clear;
    private int operations;

    /** @param clear control if false: an error that names nothing replaces the real one */
    RunFailure(boolean clear) {
        this.clear = clear;
    }

    @Override
    public String name() {
        return "full or failing disk of a run, continued";
    }

    /** How many operations such a run has on a sound disk. Ranks write at the same time, so that the number varies a little. */
    private synchronized int operations(Path folder) throws IOException {
        if (operations == 0) {
            Path output = Files.createDirectory(folder.resolve("sound"));
            SimulatedDisk sound = SimulatedDisk.sound();
            try (TrainingRun run = TinyRun.open(options -> options.withOutput(output).withFiles(sound),
                    "training.steps=" + STEPS)) {
                TinyRun.losses(run);
            }
            operations = sound.seen();
        }
        return operations;
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        Path output = Files.createDirectory(folder.resolve("run"));
        boolean full = random.nextBoolean();
        int first = random.nextInt(operations(folder));
        String reason = full ? "No space left on device" : "Input/output error";
        String injected = reason + " from operation " + first + " on";
        SimulatedDisk disk = new SimulatedDisk((index, operation) -> {
            boolean needsSpace = operation instanceof Operation.Write || operation instanceof Operation.Create
                    || operation instanceof Operation.MakeFolder;
            if (index >= first && (needsSpace || !full)) {
                throw new IOException(reason);
            }
        });
        AtomicLong newest = new AtomicLong();
        StepListener listener = new StepListener() {
            @Override
            public void made(StepResult step) {}

            @Override
            public void saved(SaveResult result) {
                if (result.isSaved()) {
                    newest.set(result.step());
                }
            }
        };
        Optional<String> said = Optional.empty();
        try (TrainingRun run = TinyRun.open(options -> options.withOutput(output).withFiles(disk),
                "training.steps=" + STEPS)) {
            while (run.hasNext()) {
                run.step(listener);
            }
        } catch (RuntimeException e) {
            said = Optional.of(clear ? ClearText.of(e) : "it failed");
        }
        long reported = newest.get();
        if (said.isEmpty() && reported < STEPS) {
            return Verdict.unclear(injected, "the run ended after step " + reported + " without an error");
        }
        if (said.isPresent()) {
            Optional<String> flaw = !said.get().contains(reason) ? Optional.of("the cause is not told: " + said.get())
                    : !said.get().contains("the checkpoint of step ")
                            ? Optional.of("the step is not told: " + said.get())
                            : ClearText.flaw(said.get(), List.of(folder.toString()));
            if (flaw.isPresent()) {
                return Verdict.unclear(injected, flaw.get());
            }
        }
        Map<Long, Double> undisturbed = TinyRun.undisturbed(STEPS);
        return new RunJudge(undisturbed).judge(injected, output, reported);
    }
}
