package io.moe4j.tests.faults;

import io.moe4j.tests.faults.SimulatedDisk.Operation;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * What a run of a few steps did to its folder of checkpoints.
 *
 * @param root the run's folder, which was empty
 * @param operations all, in order
 * @param reported what was reported as saved, in order
 */
record StoreRun(Path root, List<Operation> operations, List<Reported> reported) {
    static final String CHECKPOINTS = "checkpoints";

    /** A checkpoint that was reported when so many operations were done. */
    record Reported(int operation, Saved saved) {}

    StoreRun {
        operations = List.copyOf(operations);
        reported = List.copyOf(reported);
    }

    /** What a run may save: two to five checkpoints; some steps twice, as after an overflow, if that is wanted. */
    static List<Saved> choose(Random random, boolean replacing) {
        List<Saved> all = new ArrayList<>();
        long step = 0;
        for (int i = 2 + random.nextInt(4); i > 0; i--) {
            if (replacing && step > 0 && random.nextInt(3) == 0) {
                all.add(new Saved(step, all.getLast().version() + 1));
            } else {
                step += 1 + random.nextInt(3);
                all.add(new Saved(step, 0));
            }
        }
        return all;
    }

    /** Saves on a sound disk. */
    static StoreRun record(Path root, List<Saved> saved, int kept) throws IOException {
        Files.createDirectory(root);
        SimulatedDisk disk = SimulatedDisk.sound();
        CheckpointStore store = new CheckpointStore(root.resolve(CHECKPOINTS), disk);
        List<Reported> reported = new ArrayList<>();
        for (Saved each : saved) {
            each.save(store);
            reported.add(new Reported(disk.done().size(), each));
            store.keepLatest(kept);
        }
        return new StoreRun(root, disk.done(), reported);
    }

    /** The newest that was reported when so many operations were done. */
    Optional<Saved> before(int operation) {
        return reported.stream().filter(each -> each.operation <= operation).reduce((a, b) -> b)
                .map(Reported::saved);
    }

    /** The one that was being saved then. */
    Optional<Saved> after(int operation) {
        return reported.stream().filter(each -> each.operation > operation).map(Reported::saved).findFirst();
    }
}
