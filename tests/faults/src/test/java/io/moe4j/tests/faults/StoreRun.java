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
 * The operations of a run of a few steps on its folder of checkpoints.
 *
 * @param root the run's folder, which was empty
 * @param operations all operations, in order
 * @param reported the checkpoints that were reported as saved, in order
 */
record StoreRun(Path root, List<Operation> operations, List<Reported> reported) {
    static final String CHECKPOINTS = "checkpoints";

    /** A checkpoint that was reported, with the number of operations that were done until then. */
    record Reported(int operation, Saved saved) {}

    StoreRun {
        operations = List.copyOf(operations);
        reported = List.copyOf(reported);
    }

    /** Chooses what a run saves: two to five checkpoints; if asked for, some steps twice, as after an overflow. */
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

    /** The newest checkpoint that was reported when this number of operations was done. */
    Optional<Saved> before(int operation) {
        return reported.stream().filter(each -> each.operation <= operation).reduce((a, b) -> b)
                .map(Reported::saved);
    }

    /** The checkpoint that was being saved at that time. */
    Optional<Saved> after(int operation) {
        return reported.stream().filter(each -> each.operation > operation).map(Reported::saved).findFirst();
    }
}
