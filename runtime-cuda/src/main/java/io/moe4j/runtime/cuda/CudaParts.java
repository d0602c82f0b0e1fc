package io.moe4j.runtime.cuda;

import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.ops.DeviceOps;

/** Parts that a device is given when it is built. The device does not depend on them; they are written in terms of the device. */
public interface CudaParts {

    /** The operations; closed with the device if they are {@link AutoCloseable}. */
    DeviceOps ops(CudaDevice device, KernelModule kernels);

    /** Workspace sizes of the operations. */
    WorkspaceSizes workspaceSizes();

    /** Joins a group of ranks. */
    PeerGroup peerGroup(CudaDevice device, Group group, Rendezvous rendezvous);
}
