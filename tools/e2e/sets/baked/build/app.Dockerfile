FROM ruby:3.3 AS gems
ARG VERSION
WORKDIR /app
COPY Gemfile .
RUN bundle install -o /usr/local/bundle/$VERSION/installed

FROM ruby:3.3 AS release
ARG VERSION
ENV APP_VERSION=$VERSION
COPY --from=gems /usr/local/bundle /usr/local/bundle
COPY lib /app/lib
CMD ["ruby", "lib/app.rb"]

FROM release AS debug
RUN bundle install -o /usr/local/bundle/debug
