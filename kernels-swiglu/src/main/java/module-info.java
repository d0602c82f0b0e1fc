/** Expert kernels: grouped products and offset-aware SwiGLU. */
module io.moe4j.kernels.swiglu {
    requires io.moe4j.api;
    requires jdk.incubator.vector;
    requires org.slf4j;
    requires static transitive org.jspecify;

    provides io.moe4j.api.expert.ExpertKernelsProvider with io.moe4j.kernels.swiglu.SwiGluKernelsProvider,
            io.moe4j.kernels.swiglu.PortableKernelsProvider;
}
