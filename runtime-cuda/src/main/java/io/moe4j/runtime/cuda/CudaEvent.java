package io.moe4j.runtime.cuda;

import io.moe4j.api.device.Event;
import io.moe4j.runtime.cuda.driver.Driver;
import java.lang.ref.Cleaner;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/** A CUDA event; it is destroyed when nobody refers to it. */
final class CudaEvent implements Event {
    private final CUevent event = new CUevent();
    private final boolean captured;

    CudaEvent(Cleaner cleaner, boolean captured) {
        Driver.check(JCudaDriver.cuEventCreate(event, 0), "cuEventCreate");
        this.captured = captured;
        CUevent handle = event;
        cleaner.register(this, () -> JCudaDriver.cuEventDestroy(handle));
    }

    CUevent handle() {
        return event;
    }

    @Override
    public double secondsSince(Event start) {
        if (captured || !(start instanceof CudaEvent first) || first.captured) {
            throw new IllegalStateException(
                    "an event of a capture has no time; record both outside the capture, on streams of this device");
        }
        Driver.check(JCudaDriver.cuEventSynchronize(event), "cuEventSynchronize");
        float[] milliseconds = new float[1];
        Driver.check(JCudaDriver.cuEventElapsedTime(milliseconds, first.event, event), "cuEventElapsedTime");
        return milliseconds[0] / 1e3;
    }
}
