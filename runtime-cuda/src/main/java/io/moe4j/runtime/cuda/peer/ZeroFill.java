package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;

/**
 * Clears memory, and returns when it is clear: for memory that must be zero before ranks meet. It waits for its own stream only. To wait for the whole
 * context would be an error while any stream is captured, and would end that capture: another session of the same JVM may be capturing its step.
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
