package io.moe4j.trainer.model;

import io.moe4j.api.Shown;
import io.moe4j.api.host.FreeSpace;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** The error of an export whose folder could not be written, as on a full disk. */
final class FailedExport {

    private FailedExport() {}

    /**
     * Called after the written files were removed, so that the message has the free space of the next attempt.
     *
     * @param what the model, or the updates
     * @param tensors all tensors that were to be written
     */
    static UncheckedIOException of(String what, Path folder, List<Declaration> tensors, IOException e) {
        long bytes = tensors.stream().mapToLong(tensor -> tensor.elements() * tensor.type().bytes()).sum();
        return new UncheckedIOException("the " + what + " cannot be written to " + folder + " ("
                + FreeSpace.problem(folder, e) + ", and its tensors take " + Shown.bytes(bytes)
                + "); nothing is left there. Make room, or name a folder on another disk", e);
    }
}
