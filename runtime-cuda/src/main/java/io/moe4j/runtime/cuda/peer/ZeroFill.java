package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.Driver;
import jcuda.driver.JCudaDriver;

/** Clears memory immediately, outside any stream: for memory that must be zero before ranks meet. */
final class ZeroFill {

    private ZeroFill() {}

    static void now(CudaDevice device, Tensor tensor_n) {
        if (tensor_n.elements() > 0) {
            device.context().makeCurrent();
            device.turns().run(() -> {
                Driver.check(JCudaDriver.cuMemsetD32(Driver.at(tensor_n.address()), 0, tensor_n.elements()),
                        "clearing " + tensor_n);
                Driver.check(JCudaDriver.cuCtxSynchronize(), "clearing " + tensor_n);
            });
        }
    }
}
