package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/** Access to the workspaces that callers pass in. */
final class Workspaces {
    private Workspaces() {}

    /** The address of the workspace, after checking that it has {@code bytes} bytes; 0 if none are needed. */
    static long address(Optional<Tensor> workspace, long bytes, String operation) {
        if (bytes == 0) {
            return 0;
        }
        long given = workspace.map(Tensor::bytes).orElse(0L);
        if (given < bytes) {
            throw new IllegalArgumentException("the workspace of " + operation + " has " + given + " bytes, but "
                    + bytes + " are needed; allocate what WorkspaceSizes." + operation + " says");
        }
        return workspace.orElseThrow().address();
    }
}
