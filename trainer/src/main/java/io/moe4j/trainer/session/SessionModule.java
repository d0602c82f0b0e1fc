package io.moe4j.trainer.session;

import com.google.inject.AbstractModule;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Schedule;

/** The objects that the ranks of a session share: they are made before the ranks and closed after them. */
final class SessionModule extends AbstractModule {
    private final TrainerConfig config;
    private final ModelSpec spec;
    private final Providers providers;
    private final RankPlace place;
    private final Schedule schedule;
    private final SessionPurpose purpose;
    private final Recompute recompute;
    private final Overlapping overlapping;

    SessionModule(TrainerConfig config, ModelSpec spec, Providers providers, RankPlace place,
            Schedule schedule, SessionPurpose purpose, Recompute recompute, Overlapping overlapping) {
        this.overlapping = overlapping;
        this.recompute = recompute;
        this.purpose = purpose;
        this.schedule = schedule;
        this.config = config;
        this.spec = spec;
        this.providers = providers;
        this.place = place;
    }

    @Override
    protected void configure() {
        binder().requireExplicitBindings();
        bind(TrainerConfig.class).toInstance(config);
        bind(ModelSpec.class).toInstance(spec);
        bind(Providers.class).toInstance(providers);
        bind(RankPlace.class).toInstance(place);
        bind(Schedule.class).toInstance(schedule);
        bind(SessionPurpose.class).toInstance(purpose);
        bind(Recompute.class).toInstance(recompute);
        bind(Overlapping.class).toInstance(overlapping);
        bind(RankOpener.class);
    }
}
