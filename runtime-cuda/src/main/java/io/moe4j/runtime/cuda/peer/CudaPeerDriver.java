package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Memory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;

/** Peer memory through the CUDA driver. */
record CudaPeerDriver(CudaDevice device) implements PeerDriver {

    @Override
    public Memory allocate(long bytes, String purpose) {
        Memory memory = device.allocate(bytes, purpose);
        try {
            ZeroFill.now(device, Tensor.of(memory, 0, DType.I32, bytes / Integer.BYTES));
            return memory;
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    @Override
    public PeerHandle offer(Memory memory) {
        return PeerHandle.of(device, memory);
    }

    @Override
    public Memory open(PeerHandle offer, String purpose) {
        return offer.open(device, purpose);
    }
}
