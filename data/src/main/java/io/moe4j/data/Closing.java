package io.moe4j.data;

import java.util.List;

/** Closes everything, also when closing some of it fails. */
final class Closing {
    private Closing() {}

    static void all(List<? extends SequenceSource> closed) {
        RuntimeException failure = null;
        for (SequenceSource each : closed) {
            try {
                each.close();
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
