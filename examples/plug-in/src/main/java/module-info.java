/** A communication backend from outside: needs the api, and nothing else. */
module example.gatherall {
    requires io.moe4j.api;

    provides io.moe4j.api.comm.CommBackendProvider with example.gatherall.GatherAllProvider;
}
