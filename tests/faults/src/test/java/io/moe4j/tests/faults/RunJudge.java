package io.moe4j.tests.faults;

import io.moe4j.api.InputException;
import io.moe4j.trainer.run.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Continues a run after a fault, and compares it with an undisturbed one.
 *
 * @param undisturbed losses of the undisturbed run, by step
 */
record RunJudge(Map<Long, Double> undisturbed) {

    /**
     * Continues the run to its end.
     *
     * @param output the run's folder
     * @param reported the newest step that was reported as saved; 0 if there is none
     * @param overrides for the continued run
     */
    Verdict judge(String injected, Path output, long reported, String... overrides) {
        List<String> all = new ArrayList<>(List.of("checkpoint.resume=" + output,
                "training.steps=" + undisturbed.size()));
        all.addAll(List.of(overrides));
        try (TrainingRun run = TinyRun.open(options -> options.withOutput(output), all.toArray(String[]::new))) {
            long from = run.stepsDone();
            if (from < reported) {
                return Verdict.lost(injected, "step " + reported + " was reported as saved, and the run goes on after "
                        + from);
            }
            Map<Long, Double> expected = new TreeMap<>(undisturbed);
            expected.keySet().removeIf(step -> step <= from);
            Map<Long, Double> found = TinyRun.losses(run);
            return found.equals(expected) ? Verdict.held(injected)
                    : Verdict.wrong(injected, "continued after step " + from + " it has the losses " + found
                            + ", and an undisturbed run has " + expected);
        } catch (InputException e) {
            return reported == 0 ? Verdict.held(injected)
                    : Verdict.lost(injected, "step " + reported + " was reported as saved, and " + e.getMessage());
        }
    }
}
