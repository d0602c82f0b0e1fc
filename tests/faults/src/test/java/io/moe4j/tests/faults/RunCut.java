package io.moe4j.tests.faults;

import io.moe4j.tests.faults.DiskState.Cut;
import io.moe4j.tests.faults.SimulatedDisk.Operation;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A run of some steps is cut before one of its file operations, and continued to its end. */
final class RunCut implements FaultKind {
    private static final int STEPS = 4;
    private final boolean forces;
    private final String[] continued;
    private @Nullable Recorded recorded;

    /**
     * A run that was not cut.
     *
     * @param reported for each step that was reported as saved, how many operations were done until then
     */
    private record Recorded(Path root, List<Operation> operations, List<Integer> reported,
            Map<Long, Double> undisturbed) {}

    /**
     * @param forces control if false: forcing does nothing
     * @param continued control if there are any: settings with which the run is continued
     */
    RunCut(boolean forces, String... continued) {
        this.forces = forces;
        this.continued = continued.clone();
    }

    @Override
    public String name() {
        return "kill or power cut of a run, continued";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        Recorded run = recorded(folder.resolve("recorded"));
        int last = random.nextInt(run.operations.size() + 1);
        Cut cut = Cut.values()[random.nextInt(Cut.values().length)];
        DiskState state = new DiskState(run.root);
        state.apply(run.operations.subList(0, last).stream().map(this::done).toList());
        Path left = Files.createDirectory(folder.resolve("left"));
        state.leave(cut, random, left);
        long reported = run.reported.stream().filter(each -> each <= last).count();
        return new RunJudge(run.undisturbed).judge(
                cut + " before operation " + last + " of " + run.operations.size() + ", after step " + reported, left,
                reported, continued);
    }

    private Operation done(Operation asked) {
        return !forces && (asked instanceof Operation.ForceFile || asked instanceof Operation.ForceFolder)
                ? new Operation.Nothing()
                : asked;
    }

    /** Made once for all faults. */
    private synchronized Recorded recorded(Path root) throws IOException {
        if (recorded == null) {
            Files.createDirectory(root);
            SimulatedDisk disk = SimulatedDisk.sound();
            List<Integer> reported = new ArrayList<>();
            try (TrainingRun run = TinyRun.open(options -> options.withOutput(root).withFiles(disk),
                    "training.steps=" + STEPS)) {
                StepListener listener = new StepListener() {
                    @Override
                    public void made(StepResult step) {}

                    @Override
                    public void saved(SaveResult result) {
                        reported.add(disk.done().size());
                    }
                };
                while (run.hasNext()) {
                    run.step(listener);
                }
            }
            recorded = new Recorded(root, disk.done(), reported, TinyRun.undisturbed(STEPS));
        }
        return recorded;
    }
}
