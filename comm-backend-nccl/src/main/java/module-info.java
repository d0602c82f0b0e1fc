/** Collectives on NCCL. */
module io.moe4j.comm.nccl {
    requires io.moe4j.api;
    requires io.moe4j.runtime.cuda;
    requires org.bytedeco.cuda;
    requires org.bytedeco.javacpp;
    requires jcuda;
    requires org.slf4j;
    requires static transitive org.jspecify;

    provides io.moe4j.api.group.CollectivesProvider with io.moe4j.comm.nccl.NcclProvider;
}
