/** Expert-parallel dispatch and combine through peer memory. */
module io.moe4j.comm.minimalasyncep {
    requires io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;

    provides io.moe4j.api.comm.CommBackendProvider with io.moe4j.comm.minimalasyncep.MinimalAsyncEpProvider;
}
