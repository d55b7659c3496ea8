const base=process.env.STILLROOM_URL; const j=async(p,m="GET",b,t)=>{const r=await fetch(base+p,{method:m,headers:{"content-type":"application/json",origin:base,...(t?{authorization:"Bearer "+t}:{})},body:b?JSON.stringify(b):undefined});return [r.status,await r.text()]};
const [,s]=await j("/api/auth/sign-in","POST",{email:process.env.STILLROOM_ADMIN_EMAIL,password:process.env.STILLROOM_ADMIN_PASSWORD}); const t=JSON.parse(s).access_token;
console.log((await j("/api/orgs/demo/projects","POST",{slug:"big",name:"Big",git_url:"/tmp/webstack/big"},t))[1].slice(0,200));
console.log((await j("/api/orgs/demo/projects/big/environments","POST",{slug:"qa",name:"QA"},t))[1].slice(0,100));
await j("/api/orgs/demo/projects/big/fetch","POST",null,t);
for(let i=0;i<30;i++){await new Promise(r=>setTimeout(r,2000));const p=JSON.parse((await j("/api/orgs/demo/projects/big","GET",null,t))[1]);if(!["waiting","running"].includes(p.fetch.state)){console.log(p.fetch,p.commit);break}}
