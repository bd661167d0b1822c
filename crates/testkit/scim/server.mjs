// A SCIM server in memory on scimmy: the protocol is scimmy's, the storage is this file.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [port, token] = process.argv.slice(2);
const stores = { User: new Map(), Group: new Map() };
SCIMMY.Schemas.User.extend(SCIMMY.Schemas.EnterpriseUser);

function serve(Resource, store, name) {
    const taken = (data, id) => [...store.values()].some((other) => other.id !== id
        && String(other[name]).toLowerCase() === String(data[name]).toLowerCase());
    const known = (id) => {
        if (!store.has(id)) throw new SCIMMY.Types.Error(404, null, `no resource ${id}`);
        return store.get(id);
    };
    Resource.ingress((resource, data) => {
        const id = resource.id ?? randomUUID();
        if (resource.id) known(id);
        if (taken(data, id)) throw new SCIMMY.Types.Error(409, "uniqueness", `${name} is taken`);
        const created = store.get(id)?.meta.created ?? new Date();
        const kept = { ...JSON.parse(JSON.stringify(data)), id, meta: { created, lastModified: new Date() } };
        store.set(id, kept);
        return kept;
    });
    Resource.egress((resource) => {
        if (resource.id) return known(resource.id);
        const all = [...store.values()];
        return resource.filter ? resource.filter.match(all) : all;
    });
    Resource.degress((resource) => { known(resource.id); store.delete(resource.id); });
}
serve(SCIMMY.Resources.declare(SCIMMY.Resources.User), stores.User, "userName");
serve(SCIMMY.Resources.declare(SCIMMY.Resources.Group), stores.Group, "displayName");

SCIMMY.Config.set({ patch: true, filter: { supported: true, maxResults: 200 } });
const app = express();
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer", context: () => null, baseUri: () => `http://127.0.0.1:${port}`,
    handler: (request) => {
        if (request.header("authorization") !== `Bearer ${token}`) throw new Error("not let in");
        return "tenure";
    },
}));
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
