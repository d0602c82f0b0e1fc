package io.moe4j.runtime.cuda.provider;

import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaParts;
import io.moe4j.runtime.cuda.ops.CudaOps;
import io.moe4j.runtime.cuda.ops.CudaWorkspaceSizes;
import io.moe4j.runtime.cuda.peer.CudaPeerGroup;

/** The operations and peer groups of this module. */
final class AllParts implements CudaParts {

    @Override
    public DeviceOps ops(CudaDevice device, KernelModule kernels) {
        return new CudaOps(device, kernels);
    }

    @Override
    public WorkspaceSizes workspaceSizes() {
        return CudaWorkspaceSizes.INSTANCE;
    }

    @Override
    public PeerGroup peerGroup(CudaDevice device, Group group, Rendezvous rendezvous) {
        return new CudaPeerGroup(device, group, rendezvous);
    }
}
