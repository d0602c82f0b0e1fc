package io.moe4j.tests.faults;

import io.moe4j.api.tensor.DType;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.SafetensorsWriter;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.Completion;
import io.moe4j.trainer.checkpoint.store.ProcessFiles;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.checkpoint.store.Receipt;
import io.moe4j.trainer.checkpoint.store.Role;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A small checkpoint of two processes with two ranks each, whose content follows from its step and version.
 *
 * @param step its step
 * @param version distinguishes two checkpoints of one step
 */
record Saved(long step, int version) {
    private static final List<Role> ROLES = List.of(Role.WEIGHTS, Role.FIRST_MOMENT, Role.SECOND_MOMENT);
    private static final int TENSORS = 2;
    private static final int ELEMENTS = 40;

    /** Saves it as ranks do: each process writes its files, and then the first one completes the checkpoint. */
    Path save(CheckpointStore store) throws IOException {
        return save(store, receipts -> receipts);
    }

    /** A fault between the writing of files and rank 0's check of them. */
    @FunctionalInterface
    interface Between {
        /** Gets the receipts of the two processes, and returns the receipts that rank 0 gets. */
        List<Receipt> told(List<Receipt> receipts) throws IOException;
    }

    /** Saves it, with a fault before it is complete. */
    Path save(CheckpointStore store, Between between) throws IOException {
        try {
            store.begin(step);
            List<Receipt> receipts = new ArrayList<>();
            for (List<Integer> ranks : List.of(List.of(0, 1), List.of(2, 3))) {
                try (ProcessFiles files = new ProcessFiles(store, step, ranks)) {
                    for (Role role : ROLES) {
                        SafetensorsWriter writer = files.create(role, declared());
                        for (int i = 0; i < TENSORS; i++) {
                            // Two ranks write at two places.
                            MemorySegment values = MemorySegment.ofArray(values(role, ranks.getFirst(), i));
                            writer.write("t" + i, ELEMENTS / 2, values.asSlice(ELEMENTS / 2 * 4L));
                            writer.write("t" + i, 0, values.asSlice(0, ELEMENTS / 2 * 4L));
                        }
                    }
                    receipts.add(Receipt.decode(files.commit().encode()));
                }
            }
            return new Completion(store).complete(progress(), between.told(receipts));
        } catch (IOException | RuntimeException e) {
            store.abandon(step);
            throw e;
        }
    }

    /** Whether a checkpoint has exactly this content. */
    boolean isIn(StoredCheckpoint stored) {
        if (!stored.progress().equals(progress())) {
            return false;
        }
        for (Role role : ROLES) {
            List<Path> files = stored.tensors(role);
            for (int process = 0; process < 2; process++) {
                try (SafetensorsFile file = SafetensorsFile.open(files.get(process))) {
                    for (int i = 0; i < TENSORS; i++) {
                        float[] found = file.data("t" + i).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                        if (!Arrays.equals(found, values(role, 2 * process, i))) {
                            return false;
                        }
                    }
                }
            }
        }
        return true;
    }

    Progress progress() {
        return new Progress(step, 8 * step + version, 42, 4, Optional.of(new Progress.Data(16, 2, "")));
    }

    private static List<Declaration> declared() {
        List<Declaration> declared = new ArrayList<>();
        for (int i = 0; i < TENSORS; i++) {
            declared.add(new Declaration("t" + i, DType.F32, List.of((long) ELEMENTS)));
        }
        return declared;
    }

    private float[] values(Role role, int rank, int tensor) {
        Random random = new Random(((step * 31 + version) * 31 + role.ordinal()) * 31 + rank * 7L + tensor);
        float[] values = new float[ELEMENTS];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return values;
    }
}
