package io.moe4j.tests.faults;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Judges a folder of checkpoints after a fault. */
final class StoreJudge {
    private final String injected;
    private final Optional<Saved> reported;
    private final List<Saved> later;

    /**
     * @param injected the fault, in words
     * @param reported the newest checkpoint that was reported as saved
     * @param later later checkpoints that may exist too
     */
    StoreJudge(String injected, Optional<Saved> reported, List<Saved> later) {
        this.injected = injected;
        this.reported = reported;
        this.later = List.copyOf(later);
    }

    /** Judges before and after the start of the next run. */
    Verdict judge(Path checkpoints) throws IOException {
        Verdict before = newest(checkpoints, "before the next start");
        if (!before.isHeld()) {
            return before;
        }
        new CheckpointStore(checkpoints, FileOperations.disk()).sweep();
        Verdict after = newest(checkpoints, "after the next start");
        if (!after.isHeld() || !Files.isDirectory(checkpoints)) {
            return after;
        }
        List<String> left = Trees.list(checkpoints).stream().map(each -> String.valueOf(each.getFileName()))
                .filter(name -> name.contains(".")).toList();
        return left.isEmpty() ? after : Verdict.wrong(injected, "the next start has left " + left);
    }

    private Verdict newest(Path checkpoints, String when) {
        CheckpointChoice choice;
        try {
            choice = CheckpointChoice.newest(checkpoints, Set.of(0), 1);
        } catch (InputException e) {
            String message = String.valueOf(e.getMessage());
            return reported.isPresent()
                    ? Verdict.lost(injected, when + ": " + reported.get() + " was reported as saved; " + message)
                    : ClearText.flaw(message, List.of(checkpoints.toString()))
                            .map(flaw -> Verdict.unclear(injected, when + ": " + flaw)).orElse(Verdict.held(injected));
        }
        boolean expected = reported.stream().anyMatch(each -> each.isIn(choice.checkpoint()))
                || later.stream().anyMatch(each -> each.isIn(choice.checkpoint()));
        long found = choice.checkpoint().progress().step();
        if (expected) {
            return Verdict.held(injected);
        }
        return reported.isPresent() && found < reported.get().step()
                ? Verdict.lost(injected, when + ": " + reported.get() + " was reported as saved, and the newest is of"
                        + " step " + found)
                : Verdict.wrong(injected, when + ": the newest is of step " + found + ", with other values than "
                        + reported + " and " + later);
    }
}
