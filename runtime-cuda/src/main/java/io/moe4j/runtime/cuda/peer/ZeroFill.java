package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;

/**
 * Clears memory before it returns: for memory that must be zero before ranks meet. It waits for a stream of its own. Waiting for the whole context instead
 * would be an error while a stream is captured, and end that capture: another session of the same JVM may be recording its step.
 */
final class ZeroFill {

    private ZeroFill() {}

    static void now(CudaDevice device, Tensor tensor_n) {
        if (tensor_n.elements() > 0) {
            try (Stream stream = device.openStream("clearing")) {
                stream.fill(tensor_n, 0);
                stream.synchronize();
            }
        }
    }
}
