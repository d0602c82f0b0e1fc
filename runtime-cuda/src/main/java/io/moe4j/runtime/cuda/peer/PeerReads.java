package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/** How ranks read each other's tensors. The methods are those of {@link io.moe4j.api.group.Collectives}. */
interface PeerReads extends AutoCloseable {

    void allGather(Stream stream, Tensor in, Tensor out);

    void reduceScatter(Stream stream, Tensor in, Tensor out);

    void broadcast(Stream stream, Tensor tensor, int root);

    void allToAllV(Stream stream, Tensor in, long[] sendBytes, Tensor out, long[] recvBytes);

    @Override
    void close();
}
